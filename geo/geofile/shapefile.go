package geofile

import "context"

func (s *Source) openShapefile(opts Options) error                       { return nil }
func (s *Source) openGeoPackage(ctx context.Context, opts Options) error { return nil }
