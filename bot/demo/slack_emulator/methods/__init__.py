"""The Web API methods, one module per family; `table` lists them with the scope each needs."""
