"""What pickles of earlier versions call otherwise."""


def with_names_of_today(state):
    """Bring the state of a classifier to the names of today.

    Before several labels a clip, noise had its lowest ratio alone, and 30 dB more.

    Parameters
    ----------
    state : dict

    Returns
    -------
    state : dict
        The same.
    """
    if "classes_" in state:
        state.setdefault("multilabel_", False)
    if state.get("floor") == "auto":
        state["floor"] = state.pop("floor_", None)
    if "noise" in state:
        noise = state.pop("noise")
        state["snr"] = state["snr_"] = None if noise is None else (noise, noise + 30.0)
        params = state.get("_network_params")
        if params is not None:
            recipe = {name: value for name, value in params["recipe"].items() if name != "noise"}
            state["_network_params"] = params | {"recipe": recipe | {"snr": state["snr"]}}
    return state
