"""The XGBoost image in algorithm mode: training and serving without a script of the user's."""
