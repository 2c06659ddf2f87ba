package ui

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"github.com/paulmach/orb"

	"kuaitu/block"
	"kuaitu/mapview"
	"kuaitu/ui/state"
)

// Deps is what the window needs from outside. Data, Sync, Files and Map are called as their comments say; all other
// fields are values. Files may be nil: then there is nothing to import into and the entries say so.
type Deps struct {
	Data  Data
	Sync  Syncer
	Files Files
	Map   Map

	Post func(func())     // runs a function on the UI thread soon: fyne.Do in the app, a queue in tests
	Now  func() time.Time // nil is time.Now
	Zone *time.Location   // the city's time zone; nil is UTC

	Lang     string                  // "zh" or "en"
	Dark     bool                    // start with the dark theme
	Remember func(key, value string) // keeps a choice ("lang", "dark", "layers") for the next start; may be nil
	Recall   func(key string) string // what was remembered, "" when nothing was; may be nil

	Home        block.ID   // the user's region: opened and selected in the tree at the start; may be zero
	Title       state.Text // region at the top: 沙头街道
	User        string     // masked name and role: "陈*·受理岗"; empty when nobody signed in
	Datum       string     // of the store: "CGCS2000"
	Bases       Bases      // the base maps; nil: there are none to choose from
	Offline     Offline    // keeps areas of base maps on this machine; nil: not possible
	Attribution string     // of the data: "© OpenStreetMap contributors (ODbL)"
	Version     string
	Licences    string       // third-party parts and their licences, for the About window
	DiskFree    func() int64 // bytes, called off the UI thread; nil is unknown
}

// Data answers the window's questions. Every method may be called from several goroutines at once, never on the UI
// thread; ctx ends when the answer is no longer wanted. Errors are of the kinds of package block.
type Data interface {
	// Regions returns the direct children of a region in the order of the list, with the counts of their subtrees; the
	// zero parent asks for the top of the device's scope.
	Regions(ctx context.Context, parent block.ID) ([]state.Region, error)
	// Path returns the regions from the top of the scope down to and including region.
	Path(ctx context.Context, region block.ID) ([]block.ID, error)
	// Layers returns the layer list, top first.
	Layers(ctx context.Context) ([]state.Layer, error)
	// Search returns at most limit hits, those of a group together, near the point first where equal.
	Search(ctx context.Context, query string, near orb.Point, limit int) (state.Hits, error)
	// Events returns the events that the filter wants, most pressing first.
	Events(ctx context.Context, f state.EventFilter) (state.EventPage, error)
	// Dossier returns what the right panel shows of a record, masked as the rights of the user say.
	Dossier(ctx context.Context, ref state.Ref) (state.Dossier, error)
	// Thematic makes a map of figures in the colours of the theme, its legend in the language.
	Thematic(ctx context.Context, t state.Thematic, dark bool, l *state.Lang) (state.ThematicMap, error)
	// Around counts what lies around a shape, kind by kind; progress, called in between on its goroutine, is given what
	// there is so far.
	Around(ctx context.Context, q state.AroundQuery, progress func(state.Around)) (state.Around, error)
	// AroundList returns rows of a kind that lie around a shape, the nearest first, people's names masked.
	AroundList(ctx context.Context, q state.AroundQuery, kind block.Kind, skip, limit int) ([]state.AroundHit, error)
	// EventTypes returns the catalogue, classes together.
	EventTypes(ctx context.Context) ([]state.EventType, error)
	// Place says where a point lies. A point outside all regions has a zero Region and no error.
	Place(ctx context.Context, at orb.Point) (state.Place, error)
	// Report stores a report as one op. When it returns without error the report survives a power cut.
	Report(ctx context.Context, r state.Report) (block.ID, error)
}

// Syncer is the console's sync. Both methods return at once and may be called on the UI thread. Call
// Window.SyncChanged (through Post) when the status changed.
type Syncer interface {
	Status() state.SyncStatus
	SyncNow()
}

// Bases are the maps that may lie below the layers: the pack's and the user's own. Data.Layers lists them by their IDs in
// the group BaseGroup.
type Bases interface {
	// List returns the maps, the pack's first. It may be called on the UI thread.
	List() []BaseMap
	// Add opens a map of the user's and keeps it for the next start. It may take long and is never called on the UI thread.
	Add(ctx context.Context, r BaseRequest) (BaseMap, error)
	// Own reports whether the map is the user's, and Remove forgets such a one.
	Own(id string) bool
	Remove(id string)
}

// BaseRequest is a base map that the user wants: a file or folder of tiles, or the address of a tile server.
type BaseRequest struct {
	Address  string
	Name     string // empty: what the map says of itself
	Key      string // of a server that wants one
	Datum    string // empty: what the map says of itself
	Approval string // 审图号
}

// ThematicLayer is the layer of the tree that shows figures.
const ThematicLayer = "thematic"

// BaseGroup is the group of the layer tree that holds the base maps.
const BaseGroup = "base"

// Files brings files in and takes data out. All methods but Kinds may take long and are never called on the UI thread.
type Files interface {
	// Kinds are the kinds of record that files can be imported as and exported from.
	Kinds() []state.ImportKind
	// Preview looks into a file. An error of the file goes into the preview's Err, too.
	Preview(ctx context.Context, file, encoding string) (state.ImportPreview, error)
	// Survey looks at where the first records of a file lie, when it is read as r says, and returns what is odd. It writes
	// nothing.
	Survey(ctx context.Context, file string, r state.ImportRequest) ([]state.ImportWarning, error)
	// Import brings the files in. Files after a failed one are still tried; a cancelled ctx leaves the file under way out.
	Import(ctx context.Context, r state.ImportRequest, progress func(state.ImportProgress)) ([]state.ImportReport, error)
	// Export writes records of a kind to a path. The format is by name: "geojson", "csv", "gpkg".
	Export(ctx context.Context, r ExportRequest) (rows int, err error)
}

// ExportRequest is what is exported.
type ExportRequest struct {
	Kind   block.Kind
	Format string
	Path   string
	Region block.ID   // zero: everywhere
	Bound  *orb.Bound // nil: everywhere
}

// Map is the map in the middle. Its methods are called on the UI thread and return at once.
type Map interface {
	// Object is the widget; it is put into the window once.
	Object() fyne.CanvasObject
	// Listen says whom to tell what the user does on the map. It is called once, before the window shows.
	Listen(MapEvents)
	// View is what the map shows now.
	View() state.View
	// MoveTo centres on a point; zoom 0 keeps the zoom.
	MoveTo(at orb.Point, zoom float64)
	// Fit shows a whole extent, moving there when it is near.
	Fit(b orb.Bound)
	// GoTo shows a place that was typed and marks it for a while.
	GoTo(p mapview.Place)
	// Turn goes back (-1) or forward (1) among the views that the map has rested at, and reports whether there is one.
	Turn(by int) bool
	// Zoom changes the zoom about the centre by whole steps.
	Zoom(steps float64)
	// SetTool changes what a click does.
	SetTool(t Tool)
	// Arrange says which layers of Data.Layers are shown, and how; the topmost comes first.
	Arrange(looks []state.LayerLook)
	// Extent is where the features of a layer lie; ok is false for a layer that has none.
	Extent(id string) (b orb.Bound, ok bool)
	// Counter returns a function that counts the features of each layer within the map's present extent. The function may
	// be called off the UI thread.
	Counter() func() map[string]int
	// SetThematic puts the layers of a map of figures, lowest first, where the tree has ThematicLayer; nil takes them away.
	SetThematic(layers []mapview.Layer)
	// ShowEvents shows only the events of a set; nil shows all.
	ShowEvents(only map[block.ID]bool)
	// ToggleHUD shows or hides the figures of frames, queue and memory, and returns whether they are shown.
	ToggleHUD() bool
	// Select highlights a record; an empty Kind highlights none.
	Select(ref state.Ref)
	// Mark highlights the records of a selection beside the one of Select; the map may leave out those beyond some thousands.
	Mark(refs []state.Ref)
	// Only shows, of the kinds that occur in a set, only its records; nil shows all.
	Only(refs []state.Ref)
	// SetAround draws a shape and the outline of its surroundings; a nil shape takes them away.
	SetAround(shape orb.Geometry, outline orb.MultiPolygon)
	// SetDark changes the map's colours.
	SetDark(dark bool)
}

// MapEvents is what the map tells the window, on the UI thread.
type MapEvents struct {
	Moved   func(v state.View)                                  // while and after moving
	Settled func(v state.View)                                  // when a move has ended
	Pointer func(at orb.Point, inside bool)                     // mouse over the map, or gone
	Picked  func(at orb.Point, picks []Pick, pos fyne.Position) // a click with Pan or Identify; topmost first, none for empty ground
	Placed  func(at orb.Point)                                  // a click with Report
	Menu    func(at orb.Point, picks []Pick, pos fyne.Position) // right click; picks as of a click there
	Key     func(e *fyne.KeyEvent)                              // a key the map has no use for

	Selected func(picks []Pick, how state.SelectMode) // a tool has selected
	Measured func(m state.Measure)                    // a measure at every change; without points: it was given up
	ReadOut  func(m state.Measure) string             // the text beside the pointer
	Drawn    func(shape orb.Geometry)                 // a tool of 周边分析 has a point, line or polygon
	Left     func()                                   // Esc on the map has led back from the tool
}

// Pick is something under a click. Positions of clicks are absolute in the window.
type Pick struct {
	Ref   state.Ref
	Label string
	Count int       // above 1: a cluster of so many, Ref being one of them
	Bound orb.Bound // of the feature or of the cluster's members

	// Of a cluster: its members, overdue first, and the view in which they have come apart, unless they lie at one place.
	Members   []Pick
	Open      mapview.View
	SamePlace bool
}

// Tool is what a click on the map does.
type Tool uint8

// Pan drags and picks, Identify lists all that is under the click, Report puts a report at the point. The others draw.
const (
	ToolPan Tool = iota
	ToolIdentify
	ToolReport
	ToolSelectClick
	ToolSelectBox
	ToolSelectPolygon
	ToolSelectRadius
	ToolMeasureLine
	ToolMeasureArea
	ToolMeasureAzimuth
	ToolAroundPoint
	ToolAroundLine
	ToolAroundPolygon
)
