// Package workflow is the way of an event from report to closing: its states, the actions that lead from one to the next,
// who may take them, what they need and what they do to the clock. The table is data; [Next] is the only way through it.
//
// Whether an event is late is no state: package duty computes it. Everything here is pure.
package workflow

import (
	"fmt"
	"slices"
	"time"

	"kuaitu/block"
)

// State is a state of an event, with the codes of schema.EventStates.
type State string

// The states, in the order of the flow, then the side states.
const (
	Draft      State = "draft"
	ToVerify   State = "to_verify"
	Submitted  State = "submitted"
	Filed      State = "filed"
	Dispatched State = "dispatched"
	Handling   State = "handling"
	ToCheck    State = "to_check"
	ToClose    State = "to_close"
	Closed     State = "closed"
	Rated      State = "rated"
	Rejected   State = "rejected"
	Merged     State = "merged"
	Returned   State = "returned"
	ExtPending State = "ext_pending"
	Suspended  State = "suspended"
	Redo       State = "redo"
	Void       State = "void"
)

// States lists all states in that order.
var States = []State{Draft, ToVerify, Submitted, Filed, Dispatched, Handling, ToCheck, ToClose, Closed, Rated,
	Rejected, Merged, Returned, ExtPending, Suspended, Redo, Void}

// Open reports whether the event still needs somebody. A closed event that is rated or redone counts by its new state.
func (s State) Open() bool {
	switch s {
	case Closed, Rated, Rejected, Merged, Void:
		return false
	}
	return slices.Contains(States, s)
}

// Action is what somebody does to an event; its code stands in event_step.action.
type Action string

// The actions.
const (
	Report     Action = "report"      // 上报
	Verify     Action = "verify"      // 核实; disagreeing rejects
	File       Action = "file"        // 立案
	Reject     Action = "reject"      // 不予受理
	Merge      Action = "merge"       // 并案
	Dispatch   Action = "dispatch"    // 派遣
	Sign       Action = "sign"        // 签收
	Return     Action = "return"      // 退回
	AskTime    Action = "ask_time"    // 申请延期
	GrantTime  Action = "grant_time"  // 准予延期
	RefuseTime Action = "refuse_time" // 不准延期
	Suspend    Action = "suspend"     // 挂账
	Resume     Action = "resume"      // 恢复
	Done       Action = "done"        // 处置完成
	Check      Action = "check"       // 核查; disagreeing sends it back to handling
	Close      Action = "close"       // 结案
	Rate       Action = "rate"        // 评价
	AskRedo    Action = "redo"        // 不满意重办
	Urge       Action = "urge"        // 催办
	Supervise  Action = "supervise"   // 督办
	Escalate   Action = "escalate"    // 吹哨
	Cancel     Action = "void"        // 作废
)

// Role is who may take an action.
type Role string

// The roles of the table.
const (
	Reporter   Role = "reporter"
	Officer    Role = "officer"    // 网格员
	Intake     Role = "intake"     // 受理员
	Dispatcher Role = "dispatcher" // 派遣员
	Unit       Role = "unit"       // 处置单位
	Checker    Role = "checker"    // 核查员, never of the handling unit
	Chief      Role = "chief"      // 值班长
	Inspector  Role = "inspector"  // 督查员
	Street     Role = "street"     // 街道
)

// Clock is what an action does to the handling clock or to the clock of a stage.
type Clock uint8

// The effects on the clock.
const (
	Unchanged   Clock = iota
	StartHandle       // the handling limit starts to run
	StopHandle        // handling is over, the used time stays
	Pause             // time does not count from here
	Continue          // time counts again; the deadline moves by the pause
	NewDeadline       // the deadline granted with the action holds
	NewRound          // the clock starts from zero in a new round
	ContinueRun       // the handling clock runs on after a rework
)

var clockNames = [...]string{"unchanged", "start", "stop", "pause", "continue", "new-deadline", "new-round", "run-on"}

func (c Clock) String() string {
	if int(c) < len(clockNames) {
		return clockNames[c]
	}
	return "unknown"
}

// Need is a fact that an action requires.
type Need uint16

// The facts that actions need.
const (
	NeedPlace     Need = 1 << iota // a point or an address, and a type or a text
	NeedPhoto                      // a photo with this step
	NeedReason                     // a text that says why
	NeedCondition                  // type and filing condition, from which the limit follows
	NeedUnit                       // a main unit
	NeedTarget                     // the event it is merged into
	NeedReview                     // a date on which a suspension is reviewed
	NeedDeadline                   // a new deadline
	NeedOther                      // the actor is not of the handling unit
	NeedClosing                    // the closing condition of the catalogue row is met
	NeedInTime                     // the deadline has not passed
)

var needNames = []string{"place", "photo", "reason", "filing condition", "unit", "target", "review date", "deadline", "checker of another unit", "closing condition", "time left"}

// String lists the needs in words.
func (n Need) String() string {
	s := ""
	for i, w := range needNames {
		if n&(1<<i) != 0 {
			if s != "" {
				s += ", "
			}
			s += w
		}
	}
	return s
}

// Transition is one row of the table.
type Transition struct {
	Action Action
	From   []State
	To     State // empty: the state stays
	Else   State // the state when the actor disagrees (Facts.Agree false); empty: no such choice
	Roles  []Role
	Needs  Need
	Clock  Clock
	// ElseClock is the effect when the actor disagrees.
	ElseClock Clock
}

// Rules are the numbers that a city sets.
type Rules struct {
	MaxReturns    int           // how often a unit may return an event before the chief decides; 0: as often as it likes
	MaxExtensions int           // extensions an event may get
	RedoWithin    time.Duration // after closing; 0: without limit
}

// DefaultRules are proposals: three returns, one extension, redo within 15 days.
var DefaultRules = Rules{MaxReturns: 3, MaxExtensions: 1, RedoWithin: 15 * 24 * time.Hour}

// Table is the built-in flow (domain.md 4.5).
var Table = []Transition{
	{Action: Report, From: []State{Draft}, To: Submitted, Roles: []Role{Reporter, Officer, Intake}, Needs: NeedPlace},
	{Action: Verify, From: []State{ToVerify}, To: Submitted, Else: Rejected, Roles: []Role{Officer}, Needs: NeedPhoto},
	{Action: File, From: []State{Submitted}, To: Filed, Roles: []Role{Intake}, Needs: NeedCondition},
	{Action: Reject, From: []State{Submitted}, To: Rejected, Roles: []Role{Intake}, Needs: NeedReason},
	{Action: Merge, From: []State{Submitted}, To: Merged, Roles: []Role{Intake}, Needs: NeedReason | NeedTarget},
	{Action: Dispatch, From: []State{Filed, Returned, Redo}, To: Dispatched, Roles: []Role{Dispatcher, Chief}, Needs: NeedUnit, Clock: StartHandle},
	{Action: Sign, From: []State{Dispatched}, To: Handling, Roles: []Role{Unit}},
	{Action: Return, From: []State{Dispatched, Handling}, To: Returned, Roles: []Role{Unit, Chief}, Needs: NeedReason},
	{Action: AskTime, From: []State{Handling}, To: ExtPending, Roles: []Role{Unit}, Needs: NeedReason | NeedInTime},
	{Action: GrantTime, From: []State{ExtPending}, To: Handling, Roles: []Role{Dispatcher, Chief}, Needs: NeedDeadline, Clock: NewDeadline},
	{Action: RefuseTime, From: []State{ExtPending}, To: Handling, Roles: []Role{Dispatcher, Chief}, Needs: NeedReason},
	{Action: Suspend, From: []State{Handling}, To: Suspended, Roles: []Role{Chief}, Needs: NeedReason | NeedReview, Clock: Pause},
	{Action: Resume, From: []State{Suspended}, To: Handling, Roles: []Role{Chief}, Clock: Continue},
	{Action: Done, From: []State{Handling}, To: ToCheck, Roles: []Role{Unit}, Needs: NeedReason | NeedPhoto, Clock: StopHandle},
	{Action: Check, From: []State{ToCheck}, To: ToClose, Else: Handling, Roles: []Role{Checker, Officer}, Needs: NeedPhoto | NeedOther, ElseClock: ContinueRun},
	{Action: Close, From: []State{ToClose}, To: Closed, Roles: []Role{Intake, Chief}, Needs: NeedClosing},
	{Action: Rate, From: []State{Closed}, To: Rated, Roles: []Role{Reporter, Inspector}},
	{Action: AskRedo, From: []State{Closed, Rated}, To: Redo, Roles: []Role{Reporter, Inspector}, Needs: NeedReason, Clock: NewRound},
	{Action: Urge, From: openStates, Roles: []Role{Inspector, Chief}},
	{Action: Supervise, From: openStates, Roles: []Role{Inspector, Chief}, Needs: NeedReason},
	{Action: Escalate, From: []State{Handling}, Roles: []Role{Street, Chief}, Needs: NeedReason},
	{Action: Cancel, From: []State{Draft, ToVerify, Submitted, Filed}, To: Void, Roles: []Role{Intake, Chief}, Needs: NeedReason},
}

var openStates = []State{ToVerify, Submitted, Filed, Dispatched, Handling, ToCheck, ToClose, Returned, ExtPending, Suspended, Redo}

// Facts is what is known when an action is taken.
type Facts struct {
	Role       Role
	Has        Need // which needs are met
	Agree      bool // for Verify and Check: the actor agrees
	Public     bool // for Report: the channel is the public, so that an officer looks first
	Returns    int  // times returned so far in this round
	Extensions int  // extensions granted so far
	SinceClose time.Duration
	Rules      Rules
}

// Outcome is where an action leads.
type Outcome struct {
	State  State
	Clock  Clock
	Rework bool // a check that disagreed, to be counted
	Round  int  // 1 when a new round begins, to be added to the event's
	Urged  int  // 1 for Urge and Supervise, to be added
}

// Refusal says why an action cannot be taken. From that no longer holds is a block.ErrConflict (somebody was faster: the
// step is kept as a note), a missing right block.ErrRefused, everything else block.ErrInvalid.
type Refusal struct {
	Action Action
	State  State
	Why    string // "state", "role", "needs", "returns", "extensions", "too-late", "unknown"
	Needs  Need   // what is missing
}

func (e *Refusal) Error() string {
	switch e.Why {
	case "state":
		return fmt.Sprintf("%s: the event is %s by now", e.Action, e.State)
	case "needs":
		return fmt.Sprintf("%s: missing %s", e.Action, e.Needs)
	case "role":
		return fmt.Sprintf("%s: not for this role", e.Action)
	case "returns":
		return fmt.Sprintf("%s: returned too often, the chief on duty decides", e.Action)
	case "extensions":
		return fmt.Sprintf("%s: no further extension", e.Action)
	case "too-late":
		return fmt.Sprintf("%s: the time for it has passed", e.Action)
	}
	return fmt.Sprintf("%s: no such action", e.Action)
}

// Is gives a Refusal its kind.
func (e *Refusal) Is(target error) bool {
	switch e.Why {
	case "state":
		return target == block.ErrConflict
	case "role", "returns":
		return target == block.ErrRefused
	}
	return target == block.ErrInvalid
}

// Next says where an action leads from a state by the built-in table. Errors are *[Refusal]; the first reason in the order
// state, role, needs, counts is given.
func Next(s State, a Action, f Facts) (Outcome, error) {
	i := slices.IndexFunc(Table, func(t Transition) bool { return t.Action == a })
	if i < 0 {
		return Outcome{}, &Refusal{Action: a, State: s, Why: "unknown"}
	}
	t := Table[i]
	no := func(why string) (Outcome, error) { return Outcome{}, &Refusal{Action: a, State: s, Why: why} }
	if !slices.Contains(t.From, s) {
		return no("state")
	}
	if !slices.Contains(t.Roles, f.Role) {
		return no("role")
	}
	needs := t.Needs
	if a == Report && f.Public {
		needs |= NeedPhoto
	}
	if missing := needs &^ f.Has; missing != 0 {
		return Outcome{}, &Refusal{Action: a, State: s, Why: "needs", Needs: missing}
	}
	switch {
	case a == Return && f.Role != Chief && f.Rules.MaxReturns > 0 && f.Returns >= f.Rules.MaxReturns:
		return no("returns")
	case a == AskTime && f.Extensions >= f.Rules.MaxExtensions:
		return no("extensions")
	case a == AskRedo && f.Rules.RedoWithin > 0 && f.SinceClose > f.Rules.RedoWithin:
		return no("too-late")
	}
	out := Outcome{State: t.To, Clock: t.Clock}
	switch {
	case t.To == "":
		out.State = s
	case t.Else != "" && !f.Agree:
		out.State, out.Clock, out.Rework = t.Else, t.ElseClock, a == Check
	case a == Report && f.Public:
		out.State = ToVerify
	case a == Dispatch && s == Returned:
		out.Clock = Unchanged // the clock kept running while the event was on its way back
	}
	switch a {
	case AskRedo:
		out.Round = 1
	case Urge, Supervise:
		out.Urged = 1
	}
	return out, nil
}

// Actions returns the actions that the role may take in the state, in table order, for buttons and menus.
func Actions(s State, r Role) []Action {
	var out []Action
	for _, t := range Table {
		if slices.Contains(t.From, s) && slices.Contains(t.Roles, r) {
			out = append(out, t.Action)
		}
	}
	return out
}
