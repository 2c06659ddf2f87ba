package console

import "kuaitu/mapview"

func readShapes(path string) ([]mapview.Layer, error) { return nil, nil }
