//! Where a person is on the page of rules: which rule, which message, and what the one makes of the other. The
//! explanation is worked out when either changes, not when a frame is drawn.

use super::View;
use super::action::Action;
use super::app::App;
use super::filter::Filter;
use super::keymap::Mode;
use super::layer::Layer;
use super::layout::{self, RulesRegions};
use super::messages::Told;
use super::page::Page;
use super::selection::stepped;
use crate::fleet::{FeedEntry, Fleet, Role};
use crate::hub::Command;
use crate::rules::{Explanation, Message, RuleSet};
use ratatui::layout::Rect;
use std::cell::Cell;

/// Every feed: a rule may listen to any topic.
const ROLES: [Role; 4] = [Role::Connected, Role::Will, Role::Executed, Role::Other];

/// A message's place: its feed, and how many came before it. Two messages may be alike, but not in this.
type Spot = (Role, u64);

/// The message that a person chose, kept for as long as it is looked at.
#[derive(Debug)]
struct Chosen {
    /// `None` if it had left the feeds before.
    spot: Option<Spot>,
    entry: FeedEntry,
}

/// What the page shows a reason for.
#[derive(Debug)]
pub struct Shown {
    /// The message.
    pub entry: FeedEntry,
    /// Its place among the messages that the rule listens to, 0 being the newest; `None` if it is no longer kept.
    pub place: Option<usize>,
    /// How many of those are kept.
    pub of: usize,
    /// How many rules listen to it.
    pub listeners: usize,
    /// What the rule makes of it.
    pub explanation: Explanation,
    rule: usize,
}

/// The first visible line of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scroll {
    /// This one.
    #[default]
    Top,
    /// The one at which the reason begins, or as near to it as the page goes.
    Why,
    /// A line that the person chose.
    Line(usize),
}

/// The state of the page.
#[derive(Debug, Default)]
pub struct RulesPage {
    /// The selected rule: an index into `Status::rules`.
    pub selected: usize,
    /// The rules that the filter lets through, in their order.
    rows: Vec<usize>,
    /// Whether the filter has a term that a rule answers.
    filtered: bool,
    /// The first visible row of the list.
    pub top: usize,
    /// The first visible line below the list.
    pub scroll: Scroll,
    /// The line that was first when it was last drawn, and the last one that can be.
    pub drawn: Cell<(usize, usize)>,
    chosen: Option<Chosen>,
    shown: Option<Shown>,
    /// What `shown` was made for: the rule, the messages that ever came to each feed, and the message chosen.
    seen: Option<(usize, [u64; 4], Option<Spot>)>,
}

impl RulesPage {
    /// The message and the reason; `None` while there is no message that the rule listens to.
    #[must_use]
    pub const fn shown(&self) -> Option<&Shown> {
        self.shown.as_ref()
    }

    /// The rules that are shown, as indices into `Status::rules`.
    #[must_use]
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// Whether a filter holds here: then the list is there, however short it is, and says so.
    #[must_use]
    pub const fn filtered(&self) -> bool {
        self.filtered
    }

    /// The row of the selected rule.
    #[must_use]
    pub fn row(&self) -> usize {
        self.rows.iter().position(|rule| *rule == self.selected).unwrap_or(0)
    }

    /// How the page is divided.
    #[must_use]
    pub fn regions(&self, area: Rect) -> RulesRegions {
        layout::rules(area, self.rows.len().max(if self.filtered { 2 } else { 0 }))
    }

    /// Takes in what came since the last time, and what the filter says of the rules: they are few.
    pub fn sync(&mut self, view: &View<'_>, area: Rect, filter: &Filter) {
        self.filtered = filter.asks_rule();
        self.rows.clear();
        self.rows.extend((0..view.status.rules.len()).filter(|rule| shows(filter, view, *rule)));
        if !self.rows.contains(&self.selected) {
            // The one after it, or the last.
            let next = self.rows.iter().find(|rule| **rule > self.selected).or(self.rows.last());
            self.selected = next.copied().unwrap_or(0);
        }
        let (row, rows) = (self.row(), self.regions(area).rows);
        let top = self.top.min(self.rows.len().saturating_sub(rows));
        self.top = top.clamp((row + 1).saturating_sub(rows), row);
        if self.rows.is_empty() {
            (self.shown, self.seen) = (None, None);
            return;
        }
        let totals = ROLES.map(|role| view.fleet.feed(role).total());
        let seen = (self.selected, totals, self.chosen.as_ref().and_then(|chosen| chosen.spot));
        if self.seen.replace(seen) != Some(seen) {
            self.look(view);
        }
    }

    fn look(&mut self, view: &View<'_>) {
        let heard = heard(view, self.selected);
        let spot = self.chosen.as_ref().map(|chosen| chosen.spot);
        let place = match spot {
            None => (!heard.is_empty()).then_some(0),
            Some(spot) => spot.and_then(|spot| heard.iter().position(|(other, _)| *other == spot)),
        };
        let entry = match (&self.chosen, heard.first()) {
            (Some(chosen), _) => Some(&chosen.entry),
            (None, newest) => newest.map(|(_, entry)| *entry),
        };
        let of = heard.len();
        let Some(entry) = entry else {
            self.shown = None;
            return;
        };
        // Other messages came, but not for this reason: it stays as it is.
        if let Some(shown) = &mut self.shown
            && shown.rule == self.selected
            && shown.entry.message == entry.message
        {
            (shown.place, shown.of) = (place, of);
            return;
        }
        let explanation = view.rules.explain(self.selected, &message(entry));
        let listeners = listening(view.rules, &entry.message.topic).count();
        let (entry, rule) = (entry.clone(), self.selected);
        self.shown = explanation.map(|explanation| Shown { entry, place, of, listeners, explanation, rule });
    }

    /// Moves among the rules and their messages. Where there is only one rule, up and down move its page.
    pub fn step(&mut self, action: Action, view: &View<'_>, page: usize) {
        let last = self.rows.len().saturating_sub(1);
        let (line, end) = self.drawn.get();
        let scrolled = match action {
            Action::Up if last == 0 => Some(line.saturating_sub(1)),
            Action::Down if last == 0 => Some((line + 1).min(end)),
            Action::PageUp => Some(line.saturating_sub(page)),
            Action::PageDown => Some(line.saturating_add(page).min(end)),
            Action::First if last == 0 => Some(0),
            Action::Last if last == 0 => Some(end),
            _ => None,
        };
        if let Some(line) = scrolled {
            self.scroll = Scroll::Line(line);
            // The next key may come before the next frame.
            self.drawn.set((line, end));
            return;
        }
        match action {
            Action::Up | Action::Down | Action::First | Action::Last => {
                let row = stepped(self.row(), action, last, 1);
                if let Some(rule) = self.rows.get(row) {
                    self.select(*rule, view);
                }
            }
            Action::Left => self.turn(false, view),
            Action::Right => self.turn(true, view),
            _ => {}
        }
    }

    /// Selects this rule, if it is shown; true if it was selected already.
    pub fn choose(&mut self, rule: usize, view: &View<'_>) -> bool {
        let was = self.selected == rule;
        if self.rows.contains(&rule) {
            self.select(rule, view);
        }
        was
    }

    /// Selects another rule. The message stays if that rule listens to it.
    fn select(&mut self, rule: usize, view: &View<'_>) {
        if rule == self.selected {
            return;
        }
        self.selected = rule;
        self.chosen.take_if(|chosen| !listens(view.rules, rule, &chosen.entry.message.topic));
        // With a message in hand the question is what this rule makes of it.
        self.scroll = if self.chosen.is_some() { self.scroll } else { Scroll::Top };
    }

    /// Whether there is an older message, or a newer one.
    #[must_use]
    pub fn can_turn(&self, older: bool) -> bool {
        self.shown.as_ref().is_some_and(|shown| match shown.place {
            Some(place) if older => place + 1 < shown.of,
            Some(place) => place > 0,
            None => !older && shown.of > 0,
        })
    }

    /// To the next older or newer message. On the newest it follows whatever comes.
    fn turn(&mut self, older: bool, view: &View<'_>) {
        let heard = heard(view, self.selected);
        let place = self.shown.as_ref().and_then(|shown| shown.place);
        let next = match (place, older) {
            (Some(place), true) => (place + 1).min(heard.len().saturating_sub(1)),
            (Some(place), false) => place.saturating_sub(1),
            // It has left the feeds: all that are kept are newer.
            (None, true) => return,
            (None, false) => heard.len().saturating_sub(1),
        };
        let chosen = heard.get(next).filter(|_| next > 0);
        self.chosen = chosen.map(|(spot, entry)| Chosen { spot: Some(*spot), entry: (*entry).clone() });
        self.scroll = Scroll::Why;
        self.seen = None;
    }
}

impl App {
    /// Turns to `page`: what was open on top is closed.
    pub(super) fn show(&mut self, page: Page) -> Option<Command> {
        self.layers.clear();
        self.page = page;
        None
    }

    /// Why rules fired on the message that is open or under the cursor, or why they did not.
    pub(super) fn why(&mut self, view: &View<'_>) -> Option<Command> {
        if self.mode() == Mode::Rules {
            self.rules.scroll = Scroll::Why;
            return None;
        }
        let (spot, entry) = if let Some(Layer::Message { entry, .. }) = self.layers.last() {
            (spot_of(view.fleet, entry), (**entry).clone())
        } else {
            let selected = match self.mode() {
                Mode::Messages => self.messages.selected(view).and_then(|told| match told {
                    Told::Message(entry) => Some(entry),
                    Told::News(_) => None,
                }),
                _ => self.current_message(view),
            };
            let Some(entry) = selected else {
                return self.say(view, "there is no message here to give a reason for");
            };
            (spot_of(view.fleet, entry), entry.clone())
        };
        let topic = &entry.message.topic;
        let Some(first) = listening(view.rules, topic).next() else {
            let text = nobody_listens(view.rules, topic);
            return self.say(view, text);
        };
        // The one in view stays, if it listens; and one that the filter hides is not in view.
        let selected = self.rules.selected;
        let filter = self.sieve.filter();
        let rule = if self.page == Page::Rules && listens(view.rules, selected, topic) { selected } else { first };
        let shown = std::iter::once(rule).chain(listening(view.rules, topic)).find(|rule| shows(filter, view, *rule));
        let Some(rule) = shown else {
            return self.say(view, "the filter hides every rule that listens to it");
        };
        self.rules.selected = rule;
        self.rules.scroll = Scroll::Why;
        self.rules.chosen = Some(Chosen { spot, entry });
        self.rules.seen = None;
        self.show(Page::Rules)
    }
}

/// Whether `filter` lets the rule through that stands at this place.
fn shows(filter: &Filter, view: &View<'_>, rule: usize) -> bool {
    let topic = view.rules.rules().get(rule).map(|rule| rule.statement.from.as_str());
    view.status.rules.get(rule).is_some_and(|standing| filter.matches_rule(standing, topic))
}

/// The messages in the feeds that the rule listens to, newest first. The feeds are bounded, and so is this.
fn heard<'a>(view: &View<'a>, rule: usize) -> Vec<(Spot, &'a FeedEntry)> {
    let Some(rule) = view.rules.rules().get(rule) else { return Vec::new() };
    let mut heard = Vec::new();
    for role in ROLES {
        let feed = view.fleet.feed(role);
        let entries = feed.entries().iter().enumerate();
        let entries = entries.filter(|(_, entry)| rule.statement.listens_to(&entry.message.topic));
        heard.extend(entries.map(|(row, entry)| ((role, number(feed.total(), row)), entry)));
    }
    // Stable: within a feed they stay in the order in which they came.
    heard.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.message.at));
    heard
}

/// The number of the message in `row` of a feed, counted from 0.
const fn number(total: u64, row: usize) -> u64 {
    total.saturating_sub(1).saturating_sub(row as u64)
}

/// Where a message is that was taken from a feed some time ago.
fn spot_of(fleet: &Fleet, entry: &FeedEntry) -> Option<Spot> {
    let feed = fleet.feed(entry.role);
    let row = feed.entries().iter().position(|other| other.number == entry.number)?;
    Some((entry.role, number(feed.total(), row)))
}

/// The message as the rules met it.
fn message(entry: &FeedEntry) -> Message<'_> {
    Message::heard(&entry.message, entry.device.as_ref())
}

fn listens(rules: &RuleSet, rule: usize, topic: &str) -> bool {
    rules.rules().get(rule).is_some_and(|rule| rule.statement.listens_to(topic))
}

fn listening<'a>(rules: &'a RuleSet, topic: &'a str) -> impl Iterator<Item = usize> + 'a {
    let all = rules.rules().iter().enumerate();
    all.filter(|(_, rule)| rule.statement.listens_to(topic)).map(|(index, _)| index)
}

/// Says so, and which topics the rules listen to instead.
fn nobody_listens(rules: &RuleSet, topic: &str) -> String {
    const NAMED: usize = 3;
    let all = rules.rules();
    if all.is_empty() {
        return "no rule is in force: there is no reason to give".to_owned();
    }
    let named: Vec<String> =
        all.iter().take(NAMED).map(|rule| format!("{} to {}", rule.name, rule.statement.from)).collect();
    let rest = if all.len() > NAMED { format!(" and {} more elsewhere", all.len() - NAMED) } else { String::new() };
    format!("no rule listens to {topic}: {}{rest}", named.join(", "))
}
