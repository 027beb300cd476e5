"""`caltrop test`, across rooms: which detections, on which server, side by side, again when a file is saved."""
