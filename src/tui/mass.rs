//! The menu of faults on many: whom it is for, how they die, how many, and how often.

use super::View;
use super::action::Action;
use super::app::App;
use super::layer::{Deed, Layer};
use super::orders::MANY;
use super::text::GLUE;
use crate::figures::grouped;
use crate::fleet::faults;
use crate::hub::mass::{Kind, Mass, Size, Storm};
use crate::hub::{Command, Work};
use crate::mqtt::{ClientId, Fault};
use std::time::Duration;

/// Whom it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// All that are marked and shown.
    Marked,
    /// All that the filter shows.
    Shown,
    /// All.
    All,
}

/// One line of the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Whom it is for.
    Whom,
    /// How they die.
    Death,
    /// How many.
    Size,
    /// How often.
    Every,
    /// How long.
    Time,
}

/// The most devices, seconds of a rhythm, and seconds in all that can be asked for.
const MOST: [usize; 3] = [100_000, 3_600, 86_400];

/// What is chosen in the menu.
#[derive(Clone, Debug)]
pub struct Form {
    /// What is to happen.
    pub kind: Kind,
    /// Whom it is for.
    pub whom: Whom,
    /// The same one by one: fixed when they are chosen, so that nobody else dies because the fleet moved.
    pub targets: Vec<ClientId>,
    /// How many of them lwtop did not launch.
    pub foreign: usize,
    /// How many more there are that lwtop has no hold on.
    pub beyond: usize,
    /// Among which groups one can choose.
    whoms: Vec<Whom>,
    /// How they die.
    pub death: Fault,
    /// Among which deaths one can choose.
    deaths: Vec<Fault>,
    /// How many, or how many percent.
    pub size: usize,
    /// Whether it is a part.
    pub percent: bool,
    /// Seconds from one round of a storm to the next.
    pub every: usize,
    /// Seconds that a storm goes on.
    pub time: usize,
    /// Seconds that a partition lasts.
    pub silence: usize,
    /// The line under the cursor.
    pub field: Field,
    /// Whether the next digit begins the number anew.
    fresh: bool,
}

impl Form {
    /// The lines of the menu for its kind.
    #[must_use]
    pub const fn fields(&self) -> &'static [Field] {
        match self.kind {
            Kind::Cut => &[Field::Whom, Field::Death, Field::Size],
            Kind::Storm => &[Field::Whom, Field::Death, Field::Size, Field::Every, Field::Time],
            Kind::Partition => &[Field::Whom, Field::Time],
        }
    }

    /// What is ordered.
    #[must_use]
    pub fn mass(&self) -> Mass {
        let seconds = |number: usize| Duration::from_secs(number as u64);
        let size = match (self.percent, u8::try_from(self.size)) {
            (true, Ok(part)) => Size::Percent(part),
            _ => Size::Count(self.size),
        };
        let time = if self.kind == Kind::Partition { self.silence } else { self.time };
        let storm = Storm { size, every: seconds(self.every) };
        Mass { kind: self.kind, fault: self.death, storm, time: seconds(time) }
    }

    /// Why it cannot begin.
    fn lacks(&self) -> Option<&'static str> {
        let zero = |field, number: usize| self.fields().contains(&field) && number == 0;
        if zero(Field::Size, self.size) {
            return Some("type how many are to die");
        }
        zero(Field::Every, self.every).then_some("type after how many seconds others die")
    }

    /// A digit of the number under the cursor; one too many is not taken.
    pub(super) fn digit(&mut self, digit: u8) {
        let fresh = std::mem::take(&mut self.fresh);
        let percent = self.percent;
        let Some((number, most)) = self.number() else { return };
        let next = if fresh { 0 } else { *number * 10 } + usize::from(digit);
        if next <= if percent && most == MOST[0] { 100 } else { most } {
            *number = next;
        }
    }

    /// Takes the last digit back.
    pub(super) fn erase(&mut self) {
        self.fresh = false;
        if let Some((number, _)) = self.number() {
            *number /= 10;
        }
    }

    fn number(&mut self) -> Option<(&mut usize, usize)> {
        match (self.field, self.kind) {
            (Field::Size, _) => Some((&mut self.size, MOST[0])),
            (Field::Every, _) => Some((&mut self.every, MOST[1])),
            (Field::Time, Kind::Partition) => Some((&mut self.silence, MOST[2])),
            (Field::Time, _) => Some((&mut self.time, MOST[2])),
            (Field::Whom | Field::Death, _) => None,
        }
    }

    fn go(&mut self, down: bool) {
        let fields = self.fields();
        let row = fields.iter().position(|field| *field == self.field).unwrap_or(0);
        let next = if down { row + 1 } else { row + fields.len() - 1 };
        self.field = fields[next % fields.len()];
        self.fresh = true;
    }

    fn turn_to(&mut self, kind: Kind) {
        self.kind = kind;
        if !self.fields().contains(&self.field) {
            self.field = Field::Time;
        }
        if !self.fields().contains(&self.field) {
            self.field = Field::Size;
        }
        self.fresh = true;
    }

    fn toggle_percent(&mut self) {
        if self.fields().contains(&Field::Size) {
            self.percent = !self.percent;
            // So many of a hundred are no more than a hundred.
            self.size = if self.percent { self.size.min(100) } else { self.size };
        }
    }
}

/// The one after `now`, or before it, around the circle.
fn next<T: Copy + PartialEq>(all: &[T], now: T, on: bool) -> T {
    let place = all.iter().position(|one| *one == now).unwrap_or(0);
    let by = if on { 1 } else { all.len().saturating_sub(1) };
    all.get((place + by) % all.len().max(1)).copied().unwrap_or(now)
}

/// What a yes brings about for `count` devices, `foreign` of which lwtop did not launch.
#[must_use]
pub fn told(mass: &Mass, count: usize, foreign: usize) -> String {
    let (each, death) = (grouped(mass.size(count) as u64), mass.fault().title());
    let seconds = |time: Duration| format!("{}{GLUE}s", time.as_secs_f64());
    let all = grouped(count as u64);
    let text = match mass.kind {
        Kind::Cut => format!("{each} of {all} die once, chosen at random: {death}."),
        Kind::Storm => {
            let (every, away) = (seconds(mass.storm.every), seconds(mass.storm.every / 2));
            let times = mass.rounds();
            format!("Every {every}, {each} of {all} die ({death}) and come back after {away}: {times} times.")
        }
        Kind::Partition if mass.time.is_zero() => format!("All {all} fall silent until you heal it."),
        Kind::Partition => format!("All {all} fall silent for {}, then they come back.", seconds(mass.time)),
    };
    match warning(mass.kind, foreign) {
        warning if warning.is_empty() => text,
        warning => format!("{text} {warning}"),
    }
}

/// What is to be said of the devices that lwtop did not launch; empty if there are none.
#[must_use]
pub fn warning(kind: Kind, foreign: usize) -> String {
    let some = grouped(foreign as u64);
    match (kind, foreign) {
        (_, 0) => String::new(),
        (Kind::Cut, 1) => "One of them is somebody's device.".to_owned(),
        (Kind::Cut, _) => format!("{some} of them are somebody's devices."),
        (_, 1) => "One of them is somebody's device, which lwtop can make die but cannot bring back.".to_owned(),
        _ => format!("{some} of them are somebody's devices, which lwtop can make die but cannot bring back."),
    }
}

impl App {
    /// Opens the menu for a kind, or turns it to that kind.
    pub(super) fn ask_mass(&mut self, kind: Kind, view: &View<'_>) -> Option<Command> {
        if let Some(Layer::Mass(form)) = self.layers.last_mut() {
            form.turn_to(kind);
            return None;
        }
        if let Some(job) = view.status.jobs.iter().find(|job| matches!(job.work, Work::Mass(_))) {
            let Work::Mass(other) = job.work else { return None };
            return self.say(view, self.keys.tell(&format!("{} goes on: {{cancel}} ends it", other.title())));
        }
        let mut whoms = Vec::new();
        if self.shown(view).any(|client| self.marks.contains(client)) {
            whoms.push(Whom::Marked);
        }
        if !self.sieve.filter().is_empty() {
            whoms.push(Whom::Shown);
        }
        whoms.push(Whom::All);
        let mut deaths = vec![Fault::Fin, Fault::Rst];
        deaths.extend(self.last_fault.filter(|fault| !deaths.contains(fault)));
        let form = Form {
            kind,
            whom: whoms[0],
            targets: Vec::new(),
            foreign: 0,
            beyond: 0,
            whoms,
            death: self.last_fault.unwrap_or(Fault::Rst),
            deaths,
            size: 10,
            percent: true,
            every: 5,
            time: 60,
            silence: 60,
            field: if kind == Kind::Partition { Field::Time } else { Field::Size },
            fresh: true,
        };
        let form = self.gather(form, view);
        if form.targets.is_empty() {
            let why = if form.beyond > 0 {
                "lwtop launched none of them, and none is here through its gateway: it has no hold on them".to_owned()
            } else {
                self.nobody()
            };
            return self.say(view, why);
        }
        self.open(Layer::Mass(Box::new(form)))
    }

    /// The devices that are shown.
    fn shown<'v>(&'v self, view: &View<'v>) -> impl Iterator<Item = &'v ClientId> {
        self.sieve.rows(view.fleet).iter().filter_map(|key| view.fleet.device(*key)).map(|device| &device.id)
    }

    /// Fills in whom the menu is for.
    fn gather(&self, mut form: Form, view: &View<'_>) -> Form {
        let all: Vec<&ClientId> = match form.whom {
            Whom::Marked => self.shown(view).filter(|client| self.marks.contains(*client)).collect(),
            Whom::Shown => self.shown(view).collect(),
            Whom::All => view.fleet.devices().map(|device| &device.id).collect(),
        };
        (form.foreign, form.beyond) = (0, 0);
        form.targets.clear();
        for client in all {
            let Some(device) = view.device(client) else { continue };
            let launched = device.launched();
            // One of lwtop's that is down now may be up in the next round.
            if launched || faults::refusal(device, view.status.gateway, Fault::Fin).is_none() {
                form.foreign += usize::from(!launched);
                form.targets.push(client.clone());
            } else {
                form.beyond += 1;
            }
        }
        form
    }

    /// Moves in the menu, and changes what is under the cursor.
    pub(super) fn change_mass(&mut self, action: Action, view: &View<'_>) -> Option<Command> {
        let Some(Layer::Mass(form)) = self.layers.last_mut() else { return None };
        let on = action == Action::Right;
        match (action, form.field) {
            (Action::Up | Action::Down, _) => form.go(action == Action::Down),
            (Action::Percent, _) | (Action::Left | Action::Right, Field::Size) => form.toggle_percent(),
            (Action::Left | Action::Right, Field::Death) => form.death = next(&form.deaths, form.death, on),
            (Action::Left | Action::Right, Field::Whom) => {
                let mut form = (**form).clone();
                form.whom = next(&form.whoms, form.whom, on);
                let form = self.gather(form, view);
                self.layers.pop();
                self.layers.push(Layer::Mass(Box::new(form)));
            }
            _ => {}
        }
        None
    }

    /// Begins what the menu says, or asks first.
    pub(super) fn begin_mass(&mut self, view: &View<'_>) -> Option<Command> {
        let Some(Layer::Mass(form)) = self.layers.last() else { return None };
        if let Some(why) = form.lacks() {
            return self.say(view, why);
        }
        let (mass, targets, foreign) = (form.mass(), form.targets.clone(), form.foreign);
        if targets.is_empty() {
            return self.say(view, self.nobody());
        }
        let many = if mass.kind == Kind::Cut { mass.size(targets.len()) } else { targets.len() };
        self.close();
        if many > MANY || foreign > 0 {
            return self.open(Layer::Confirm { targets, deed: Deed::Mass(mass) });
        }
        Some(Command::Mass(targets, mass))
    }

    /// Ends what takes a while: what stands in the line.
    pub(super) fn cancel(&mut self, view: &View<'_>) -> Option<Command> {
        match view.status.jobs.iter().find(|job| job.work.can_be_cancelled()) {
            Some(job) => Some(Command::Cancel(job.work)),
            None => self.say(view, "nothing takes a while now: there is nothing to cancel"),
        }
    }
}
