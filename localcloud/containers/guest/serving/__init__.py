"""The model server of AWS's framework images: GET /ping, POST /invocations, and the user's script behind them."""
