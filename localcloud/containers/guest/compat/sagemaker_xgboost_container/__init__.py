"""sagemaker-xgboost-container: what XGBoost training and inference scripts take from it."""
