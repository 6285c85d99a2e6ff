pytest_plugins = ["ibm_world"]
