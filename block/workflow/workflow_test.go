package workflow

import (
	"errors"
	"testing"
	"time"

	"kuaitu/block"
	"kuaitu/block/schema"

	"pgregory.net/rapid"
)

const everything = Need(1<<11 - 1)

// The table and the schema speak of the same states.
func TestStatesAreTheSchemas(t *testing.T) {
	if len(States) != len(schema.EventStates) {
		t.Fatalf("%d states, the schema has %d", len(States), len(schema.EventStates))
	}
	for i, s := range schema.EventStates {
		if string(States[i]) != s.Code {
			t.Errorf("state %d is %s, the schema's is %s", i, States[i], s.Code)
		}
	}
}

func TestTheStraightWay(t *testing.T) {
	s := Draft
	for _, step := range []struct {
		a     Action
		r     Role
		want  State
		clock Clock
	}{
		{Report, Officer, Submitted, Unchanged}, {File, Intake, Filed, Unchanged}, {Dispatch, Dispatcher, Dispatched, StartHandle},
		{Sign, Unit, Handling, Unchanged}, {Suspend, Chief, Suspended, Pause}, {Resume, Chief, Handling, Continue},
		{AskTime, Unit, ExtPending, Unchanged}, {GrantTime, Dispatcher, Handling, NewDeadline}, {Escalate, Street, Handling, Unchanged},
		{Done, Unit, ToCheck, StopHandle}, {Check, Checker, ToClose, Unchanged}, {Close, Intake, Closed, Unchanged},
		{Rate, Reporter, Rated, Unchanged}, {AskRedo, Reporter, Redo, NewRound}, {Dispatch, Chief, Dispatched, StartHandle},
		{Return, Unit, Returned, Unchanged}, {Dispatch, Dispatcher, Dispatched, Unchanged},
	} {
		out, err := Next(s, step.a, Facts{Role: step.r, Has: everything, Agree: true, Rules: DefaultRules})
		if err != nil || out.State != step.want || out.Clock != step.clock {
			t.Fatalf("%s in %s: %+v, %v; want %s, clock %s", step.a, s, out, err, step.want, step.clock)
		}
		s = out.State
	}
}

func TestForks(t *testing.T) {
	for _, tc := range []struct {
		name string
		s    State
		a    Action
		f    Facts
		want Outcome
		why  string
		kind error
	}{
		{"public report goes to an officer", Draft, Report, Facts{Role: Reporter, Has: NeedPlace | NeedPhoto, Public: true}, Outcome{State: ToVerify}, "", nil},
		{"public report without photo", Draft, Report, Facts{Role: Reporter, Has: NeedPlace, Public: true}, Outcome{}, "needs", block.ErrInvalid},
		{"nothing found on site", ToVerify, Verify, Facts{Role: Officer, Has: NeedPhoto}, Outcome{State: Rejected}, "", nil},
		{"rework", ToCheck, Check, Facts{Role: Checker, Has: everything}, Outcome{State: Handling, Clock: ContinueRun, Rework: true}, "", nil},
		{"checker of the handling unit", ToCheck, Check, Facts{Role: Checker, Has: NeedPhoto, Agree: true}, Outcome{}, "needs", block.ErrInvalid},
		{"somebody was faster", Closed, Done, Facts{Role: Unit, Has: everything}, Outcome{}, "state", block.ErrConflict},
		{"wrong role", Filed, Dispatch, Facts{Role: Officer, Has: everything}, Outcome{}, "role", block.ErrRefused},
		{"returned too often", Handling, Return, Facts{Role: Unit, Has: everything, Returns: 3, Rules: DefaultRules}, Outcome{}, "returns", block.ErrRefused},
		{"the chief may", Handling, Return, Facts{Role: Chief, Has: everything, Returns: 3, Rules: DefaultRules}, Outcome{State: Returned}, "", nil},
		{"second extension", Handling, AskTime, Facts{Role: Unit, Has: everything, Extensions: 1, Rules: DefaultRules}, Outcome{}, "extensions", block.ErrInvalid},
		{"extension after the deadline", Handling, AskTime, Facts{Role: Unit, Has: NeedReason, Rules: DefaultRules}, Outcome{}, "needs", block.ErrInvalid},
		{"redo too late", Closed, AskRedo, Facts{Role: Reporter, Has: everything, SinceClose: 16 * 24 * time.Hour, Rules: DefaultRules}, Outcome{}, "too-late", block.ErrInvalid},
		{"redo", Closed, AskRedo, Facts{Role: Reporter, Has: everything, Rules: DefaultRules}, Outcome{State: Redo, Clock: NewRound, Round: 1}, "", nil},
		{"urge", Handling, Urge, Facts{Role: Inspector}, Outcome{State: Handling, Urged: 1}, "", nil},
		{"no such action", Handling, "explode", Facts{Role: Chief}, Outcome{}, "unknown", block.ErrInvalid},
	} {
		out, err := Next(tc.s, tc.a, tc.f)
		var no *Refusal
		if tc.why == "" {
			if err != nil || out != tc.want {
				t.Errorf("%s: %+v, %v; want %+v", tc.name, out, err, tc.want)
			}
		} else if !errors.As(err, &no) || no.Why != tc.why || !errors.Is(err, tc.kind) {
			t.Errorf("%s: error = %v, want %s", tc.name, err, tc.why)
		}
	}
}

// However people act, an event is in a known state, a pause is always followed by a continuation before anything else
// moves it, and an open event always has an action that somebody may take.
func TestAnyOrderOfActionsStaysInTheTable(t *testing.T) {
	roles := []Role{Reporter, Officer, Intake, Dispatcher, Unit, Checker, Chief, Inspector, Street}
	rapid.Check(t, func(t *rapid.T) {
		s, paused := Draft, false
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			a := rapid.SampledFrom(Table).Draw(t, "row").Action
			out, err := Next(s, a, Facts{Role: rapid.SampledFrom(roles).Draw(t, "role"), Has: everything, Agree: rapid.Bool().Draw(t, "agree"), Public: rapid.Bool().Draw(t, "public"), Rules: DefaultRules})
			if err != nil {
				continue
			}
			if paused && out.State != s && out.Clock != Continue {
				t.Fatalf("%s moves a suspended event to %s", a, out.State)
			}
			s, paused = out.State, out.Clock == Pause || paused && out.Clock != Continue
			if paused != (s == Suspended) {
				t.Fatalf("clock paused %v in state %s", paused, s)
			}
			if s.Open() {
				n := 0
				for _, r := range roles {
					n += len(Actions(s, r))
				}
				if n == 0 {
					t.Fatalf("nobody can do anything in %s", s)
				}
			}
		}
	})
}
