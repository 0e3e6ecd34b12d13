"""Properties that rightly do nothing on a laptop, each with its reason. All others act or are refused."""

NO_EFFECT: dict[str, dict[str, str]] = {
    "AWS::DynamoDB::Table": {
        "ContributorInsightsSpecification": "a report on access patterns that only AWS's fleet can draw up",
        "TableClass": "a price class",
        "WarmThroughput": "capacity is not limited on a laptop",
        "OnDemandThroughput": "capacity is not limited on a laptop",
    },
    "AWS::Events::EventBus": {
        "KmsKeyIdentifier": "events are held in this process's memory; nothing is stored that could be encrypted",
        "LogConfig": "the delivery log of an event bus is this process's own log",
    },
    "AWS::Lambda::Function": {
        "KmsKeyArn": "environment variables live in this process's memory and state folder",
        "RuntimeManagementConfig": "the runtime is the host's Python",
        "RecursiveLoop": "the guard against recursion is always on here",
        "CodeSigningConfigArn": "code comes from the developer's own disk",
    },
    "AWS::Lambda::LayerVersion": {
        "CompatibleArchitectures": "listed only; a compiled layer for another platform is detected from its wheels",
        "LicenseInfo": "a text",
    },
    "AWS::Logs::LogGroup": {
        "KmsKeyId": "logs live in this process's memory and state folder",
        "LogGroupClass": "a price class",
        "DataProtectionPolicy": "masking is done by AWS's managed identifiers",
    },
    "AWS::S3::Bucket": {
        "AccelerateConfiguration": "a network path of AWS",
        "IntelligentTieringConfigurations": "a price class",
        "MetricsConfigurations": "request metrics are not billed nor shown here",
        "AnalyticsConfigurations": "a storage class report of AWS",
        "InventoryConfigurations": "a daily report of AWS",
    },
    "AWS::SNS::Topic": {
        "KmsMasterKeyId": "messages are delivered at once and never stored",
        "TracingConfig": "there is no X-Ray service behind the local endpoint",
        "SignatureVersion": "only HTTP(S) deliveries are signed",
        "DeliveryStatusLogging": "deliveries are in this process's log",
    },
    "AWS::StepFunctions::StateMachine": {
        "TracingConfiguration": "there is no X-Ray service behind the local endpoint",
        "EncryptionConfiguration": "executions live in this process's memory and state folder",
    },
}
