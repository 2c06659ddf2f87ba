package geofile

func (s *Source) openShapefile(opts Options) error { return nil }

type shapefile struct {
	layers []string
	reader
}
