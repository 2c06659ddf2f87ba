package state

import "time"

// SyncStatus is what the syncer says about itself, as values. The zero status is a store that never met a server.
type SyncStatus struct {
	Enrolled    bool
	Running     bool
	Step, Steps int    // of the run under way
	Online      bool   // the last attempt reached the server
	Server      string // address, for the panel alone
	LastContact time.Time
	LastTried   time.Time
	ProvedAt    time.Time // when both sides last compared equal; zero never
	Equal       bool      // the comparison after the last sync came out equal
	Proof       string    // first digits of the common hash: "7F3A-C21E"
	DataAsOf    time.Time // the cut that the tables show
	Pending     int       // ops
	Photos      int       // attachments under way
	Conflicts   int       // ops kept for the conflict desk
	Rejected    int
	Pulled      int   // rows of the last run
	Pushed      int   // ops of the last run
	In, Out     int64 // bytes of the last run
	Took        time.Duration
	Err         error // why the last run ended early
}

// SyncBadge is the badge in the top bar.
type SyncBadge struct {
	Icon   string
	Text   string
	Time   string
	Colour Tone
}

// Tone is the part a text or icon plays; the theme knows its colour.
type Tone uint8

// Tones: plain text, lesser text, in time or proved, near, late, chosen.
const (
	TonePlain Tone = iota
	ToneLesser
	ToneGood
	ToneNear
	ToneLate
	ToneAccent
)

// Badge says in a word how the device stands. Green is for "proved equal" alone.
func (s SyncStatus) Badge(l *Lang, now time.Time) SyncBadge {
	switch {
	case !s.Enrolled:
		return SyncBadge{Icon: "cloud-off", Text: l.T("sync.badge.standalone"), Colour: ToneLesser}
	case s.Running:
		return SyncBadge{Icon: "refresh", Text: l.T("sync.badge.running"), Time: s.progress(l), Colour: ToneAccent}
	case !s.Online && s.LastContact.IsZero():
		return SyncBadge{Icon: "wifi-off", Text: l.T("sync.badge.never"), Colour: ToneNear}
	case !s.Online:
		return SyncBadge{Icon: "wifi-off", Text: l.T("sync.badge.offline", l.Span(now.Sub(s.LastContact))), Colour: ToneNear}
	case s.Equal && !s.ProvedAt.IsZero():
		return SyncBadge{Icon: "shield-check", Text: l.T("sync.badge.proved"), Time: l.Time(s.ProvedAt, now), Colour: ToneGood}
	default:
		return SyncBadge{Icon: "cloud-check", Text: l.T("sync.badge.unproved"), Time: l.Time(s.LastContact, now), Colour: TonePlain}
	}
}

func (s SyncStatus) progress(l *Lang) string {
	if s.Steps == 0 {
		return ""
	}
	return l.T("step.of", s.Step, s.Steps)
}

// Line is a labelled value of a panel.
type Line struct {
	Label, Value string
	Tone         Tone
}

// SyncPanel is the panel behind the badge: one sentence, then what, how much, when and the proof.
type SyncPanel struct {
	Icon     string
	Tone     Tone
	Headline string
	Sentence string // what is safe first, then what to do
	Lines    []Line
	CanSync  bool
}

// Panel formats the status.
func (s SyncStatus) Panel(l *Lang, now time.Time) SyncPanel {
	badge := s.Badge(l, now)
	p := SyncPanel{Icon: badge.Icon, Tone: badge.Colour, Headline: badge.Text, CanSync: s.Enrolled && !s.Running}
	switch {
	case !s.Enrolled:
		p.Sentence = l.T("sync.say.standalone")
	case s.Running:
		p.Sentence = l.T("sync.say.running")
	case !s.Online && s.LastContact.IsZero():
		p.Sentence = l.T("sync.say.never")
	case !s.Online:
		p.Sentence = l.T("sync.say.offline", l.Time(s.LastContact, now), s.Pending)
	case s.Equal && s.Pending == 0:
		p.Sentence = l.T("sync.say.proved", l.Time(s.ProvedAt, now))
	case s.Equal:
		p.Sentence = l.T("sync.say.proved.pending", l.Time(s.ProvedAt, now), s.Pending)
	default:
		p.Sentence = l.T("sync.say.unproved")
	}
	if s.Err != nil && !s.Running {
		p.Sentence += l.T("sync.say.failed", Failure(l, s.Err).Title)
	}
	add := func(key, value string, tone Tone) { p.Lines = append(p.Lines, Line{l.T(key), value, tone}) }
	count := func(n int, tone Tone) (string, Tone) {
		if n == 0 {
			return "0", TonePlain
		}
		return l.Count(n), tone
	}
	pending, tone := count(s.Pending, ToneAccent)
	add("sync.line.pending", pending, tone)
	photos, tone := count(s.Photos, ToneAccent)
	add("sync.line.photos", photos, tone)
	conflicts, tone := count(s.Conflicts, ToneNear)
	add("sync.line.conflicts", conflicts, tone)
	rejected, tone := count(s.Rejected, ToneLate)
	add("sync.line.rejected", rejected, tone)
	if !s.Enrolled {
		return p
	}
	add("sync.line.last", l.T("sync.rows", l.Count(s.Pulled), l.Count(s.Pushed)), TonePlain)
	add("sync.line.bytes", l.T("sync.bytes", l.Bytes(s.In), l.Bytes(s.Out)), TonePlain)
	if s.Took > 0 {
		add("sync.line.took", l.T("sync.seconds", s.Took.Round(100*time.Millisecond).Seconds()), TonePlain)
	}
	add("sync.line.contact", s.moment(l, s.LastContact, now), TonePlain)
	add("sync.line.data", s.moment(l, s.DataAsOf, now), TonePlain)
	if s.ProvedAt.IsZero() {
		add("sync.line.proof", l.T("sync.proof.none"), TonePlain)
	} else {
		tone := TonePlain
		if s.Equal {
			tone = ToneGood
		}
		add("sync.line.proof", l.T("sync.proof.at", l.Time(s.ProvedAt, now), s.Proof), tone)
	}
	if s.Server != "" {
		add("sync.line.server", s.Server, ToneLesser)
	}
	return p
}

func (s SyncStatus) moment(l *Lang, t, now time.Time) string {
	if t.IsZero() {
		return l.T("never")
	}
	return l.T("time.age", l.Time(t, now), l.Age(t, now))
}
