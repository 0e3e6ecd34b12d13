"""sagemaker-inference: content types, decoder, encoder, errors."""
