//! The registry of wills: what the broker would publish for each device, and whether it would.
//!
//! ```text
//! ┏ The wills of 3 devices ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
//! ┃ device          state      would fire now           topic              QoS  retain  delay  payload           ┃
//! ┃▸lwtThing        ● online   ✓ yes, at once           /last/will/topic   0    no      0 s    {"state": {"rep… ┃
//! ┃ lwtThing-2      ✖ cut      ∅ no: it was sent        /last/will/topic   0    no      0 s    {"state": {"rep… ┃
//! ┃ valve-1         ✖ gone     ? unknown: not seen      /last/will/topic                                         ┃
//! ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```
//! Below stands what the selected one is, why, and what the rules would make of it. Only visible rows are built.

use super::boxes::{Titles, frame, more};
use super::canvas::Canvas;
use super::payload;
use super::sheet::Sheet;
use crate::fleet::wills::{Firing, firing, heard, of};
use crate::fleet::{Device, Incoming, Role};
use crate::mqtt::{Protocol, Will};
use crate::rules::Message;
use crate::tui::hit::Target;
use crate::tui::layout;
use crate::tui::text::{GLUE, clean, clean_within, preview, wrap};
use crate::tui::words;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Draws the page.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let regions = layout::wills(area);
    let fleet = canvas.view.fleet;
    if fleet.is_empty() {
        let area = Rect { height: regions.list.height + regions.will.height, ..regions.list };
        let titles = Titles { left: "Wills", left_style: canvas.look.strong(), ..Titles::default() };
        let inner = frame(canvas, area, true, &titles);
        let how = canvas.offer("{show-fleet} is the fleet: there {launch-one} launches a device that has one.");
        let text = format!(
            "No will yet. A device leaves its will with the broker when it connects, and what the broker holds stands \
             here.{how}"
        );
        for (y, line) in (inner.y..inner.bottom()).zip(wrap(&text, usize::from(inner.width))) {
            canvas.put(inner.x, y, &line, inner.width, canvas.look.dim());
        }
        return;
    }
    let (top, rows) = (canvas.app.wills.cursor.top, regions.rows);
    let app = canvas.app;
    let shown = app.sieve.rows(fleet);
    let count = shown.len();
    let left = if count == 1 {
        "The will of 1 device".to_owned()
    } else {
        format!("The wills of {} devices", words::number(count))
    };
    let right = words::range(top, rows, count);
    let titles = Titles {
        left: &left,
        left_style: canvas.look.strong(),
        right: if count > rows { &right } else { "" },
        right_style: canvas.look.dim(),
        below: "",
    };
    let inner = frame(canvas, regions.list, true, &titles);
    canvas.zone(regions.list, Target::Wills);
    let widths = Columns::new(inner.width);
    let dim = canvas.look.dim();
    let heads = ["device", "state", "would fire now", "topic", "QoS", "retain", "delay", "payload"];
    for ((x, width), head) in widths.places(inner.x).into_iter().zip(heads) {
        canvas.put(x, inner.y, head, width, dim);
    }
    let selected = canvas.app.wills.cursor.index();
    let visible = shown.iter().enumerate().skip(top).take(rows);
    for (y, (row, key)) in (inner.y + 1..inner.bottom()).zip(visible) {
        let Some(device) = fleet.device(*key) else { continue };
        let place = Rect { y, height: 1, ..inner };
        line(canvas, place, &widths, device);
        canvas.zone_line(place, Target::Will(device.id.clone()));
        if row == selected {
            // In the border: visible without colours and in a captured screen too.
            canvas.put(place.x - 1, y, "▸", 1, canvas.look.accent());
            canvas.buffer.set_style(place, canvas.look.cursor());
        }
    }
    if shown.is_empty() {
        let text = format!("None of {} devices is let through by the filter.", words::number(fleet.len()));
        canvas.put(inner.x, inner.y + 1, &text, inner.width, canvas.look.dim());
    }
    if regions.will.height > 0
        && let Some(device) = app.wills.cursor.device(fleet, shown)
    {
        one(canvas, regions.will, device);
        canvas.zone(regions.will, Target::Below(Box::new(Target::Will(device.id.clone()))));
    }
}

/// How wide the columns are; 0 leaves one out.
struct Columns([u16; 8]);

impl Columns {
    fn new(room: u16) -> Self {
        let fixed = match room {
            0..56 => [12, 0, 0, 0, 0, 0, 0, 0],
            56..100 => [14, 11, 20, 0, 0, 0, 0, 0],
            100..160 => [18, 11, 22, 20, 3, 6, 6, 0],
            _ => [28, 14, 24, 36, 3, 6, 8, 0],
        };
        let mut widths = fixed;
        let used: u16 = fixed.iter().filter(|width| **width > 0).map(|width| width + 2).sum();
        let rest = room.saturating_sub(used);
        // What is left goes to the payload, or to the answer where there is little.
        let last = match room {
            0..56 => 2,
            56..100 => 3,
            _ => 7,
        };
        widths[last] = rest;
        Self(widths)
    }

    fn places(&self, x: u16) -> [(u16, u16); 8] {
        let mut x = x;
        self.0.map(|width| {
            let place = (x, width);
            x += if width > 0 { width + 2 } else { 0 };
            place
        })
    }
}

fn line(canvas: &mut Canvas<'_>, area: Rect, widths: &Columns, device: &Device) {
    let fires = firing(device);
    let will = of(device);
    let badge = words::badge(device);
    let state = format!("{} {}", badge.glyph, badge.word);
    let places = widths.places(area.x);
    let short = places[2].1 < 18;
    let answer =
        if short { format!("{} {}", sign(fires), fires.answer()) } else { format!("{} {}", sign(fires), brief(fires)) };
    let heard = heard(canvas.view.fleet, device).map(|entry| &entry.message);
    let topic = will.map(|will| &will.topic).or(heard.map(|message| &message.topic));
    let topic = topic.map(|topic| clean_within(topic, usize::from(places[3].1))).unwrap_or_default();
    let dim = canvas.look.dim();
    let answer_style = answer_style(canvas, fires);
    let of_will = |text: fn(&Will) -> String| will.map(text).unwrap_or_default();
    let payload = will.map(|will| &will.payload).or(heard.map(|message| &message.payload));
    let payload = payload.map(|payload| preview(payload, usize::from(places[7].1))).unwrap_or_default();
    let cells = [
        (words::name(&device.id, usize::from(places[0].1)), canvas.look.strong()),
        (state, canvas.look.presence(device)),
        (answer, answer_style),
        (topic, Style::new()),
        (of_will(|will| will.qos.as_u8().to_string()), Style::new()),
        (of_will(|will| if will.retain { "yes" } else { "no" }.to_owned()), Style::new()),
        (of_will(|will| format!("{}{GLUE}s", will.delay.as_secs())), Style::new()),
        (payload, dim),
    ];
    for ((x, width), (text, style)) in places.into_iter().zip(cells) {
        canvas.put(x, area.y, &text, width, style);
    }
}

const fn sign(fires: Firing) -> &'static str {
    match fires {
        Firing::Now | Firing::After(_) | Firing::AtSilence(_) => "✓",
        Firing::Unseen => "?",
        _ => "∅",
    }
}

fn answer_style(canvas: &Canvas<'_>, fires: Firing) -> Style {
    match fires {
        Firing::Now | Firing::After(_) => canvas.look.good(),
        Firing::AtSilence(_) | Firing::Unseen => canvas.look.warn(),
        Firing::NoWill | Firing::Gone => canvas.look.bad(),
        Firing::Discarded | Firing::Sent => canvas.look.dim(),
    }
}

fn brief(fires: Firing) -> String {
    match fires {
        Firing::Now => "yes, at once".to_owned(),
        Firing::After(delay) => format!("yes, after {}", words::span(delay)),
        Firing::AtSilence(deadline) => format!("yes, at {}{GLUE}s", words::seconds(deadline)),
        Firing::NoWill => "no: there is none".to_owned(),
        Firing::Discarded => "no: discarded".to_owned(),
        Firing::Sent => "no: it was sent".to_owned(),
        Firing::Gone => "no: it is gone".to_owned(),
        Firing::Unseen => "unknown: not seen".to_owned(),
    }
}

/// Why, in a sentence with the place in the spec.
fn reason(device: &Device, fires: Firing) -> String {
    let version = device.session.as_deref().map(|session| session.protocol);
    match fires {
        Firing::Now => {
            let kept = if version == Some(Protocol::V5) { " (3.1.2-7)" } else { "" };
            format!(
                "Yes: the broker keeps it{kept} and publishes it as soon as the connection ends without DISCONNECT \
                 (3.1.2-8)."
            )
        }
        Firing::After(delay) => format!(
            "Yes, {} after the connection ends without DISCONNECT, or when its session ends, if that is sooner; not if the \
             device is back before (3.1.3.2.2, 3.1.3-9).",
            words::span(delay)
        ),
        Firing::AtSilence(deadline) => format!(
            "Yes: the device is frozen, and after {}{GLUE}s of silence, 1.5 × keep alive, the broker closes ({}).",
            words::seconds(deadline),
            if version == Some(Protocol::V5) { "3.1.2-22" } else { "3.1.2-24" }
        ),
        Firing::NoWill => "No: it connected without a will, so the broker publishes nothing when it goes (3.1.2.5).".to_owned(),
        Firing::Discarded => "No: it left with DISCONNECT, and the broker discarded it (3.14.4-3).".to_owned(),
        Firing::Sent => "No: the device went, and the broker published it; a will is published once (3.1.2-10).".to_owned(),
        Firing::Gone => "No: the device is gone. Whether the broker published it, lwtop has not seen.".to_owned(),
        Firing::Unseen => {
            "Unknown: its CONNECT did not come through lwtop, and nobody but the broker is told of a will before it fires."
                .to_owned()
        }
    }
}

/// The selected one, below the list.
fn one(canvas: &mut Canvas<'_>, area: Rect, device: &Device) {
    let fires = firing(device);
    let rows = usize::from(area.height.saturating_sub(2));
    let mut sheet = Sheet::new(usize::from(area.width.saturating_sub(4))).showing(0, rows);
    sheet.text(&reason(device, fires), 0, answer_style(canvas, fires));
    let will = of(device);
    let left = format!("The will of {}", words::name(&device.id, sheet.room));
    let document = canvas.app.wills.document();
    if let Some(will) = will {
        let retain = if will.retain { " · retain: the broker keeps it for whoever subscribes later" } else { "" };
        let topic = clean_within(&will.topic, 300);
        sheet.text(&format!("{topic} · QoS {}{retain}", will.qos.as_u8()), 0, Style::new());
        if fires.answer() == "yes" {
            sheet.text(&rules(canvas, device, will), 0, canvas.look.dim());
        }
    } else if let Some(entry) = heard(canvas.view.fleet, device) {
        let ago = canvas.ago(entry.message.at);
        let topic = clean_within(&entry.message.topic, 300);
        sheet.text(&format!("Its last will came {ago} on {topic}:"), 0, Style::new());
    }
    if let Some(document) = document {
        payload::write(canvas.look, &mut sheet, document);
    }
    let below = more(sheet.lines.len(), area.height.saturating_sub(2), 0).replace(" ↓", "");
    let titles = Titles {
        left: &left,
        left_style: canvas.look.strong(),
        right: document.map_or("", |document| &document.kind),
        right_style: canvas.look.dim(),
        below: &below,
    };
    let inner = frame(canvas, area, false, &titles);
    sheet.draw(canvas, inner, 0);
}

/// What the rules would make of it.
fn rules(canvas: &Canvas<'_>, device: &Device, will: &Will) -> String {
    if canvas.view.rules.rules().is_empty() {
        return "lwtop runs no rule here.".to_owned();
    }
    let incoming = Incoming {
        at: canvas.view.now,
        topic: will.topic.clone(),
        payload: will.payload.clone(),
        qos: will.qos,
        retain: false,
        publisher: Some(device.id.clone()),
        source: None,
        properties: None,
    };
    let outcomes = canvas.view.rules.evaluate(&Message::heard(&incoming, Some(&device.id)));
    let matched: Vec<String> =
        outcomes.iter().filter(|outcome| outcome.matched).map(|outcome| clean(&outcome.name)).collect();
    match (matched.as_slice(), outcomes.len()) {
        ([], 0) => {
            format!("No rule listens to it; wills are awaited on {}.", clean(canvas.view.status.topic(Role::Will)))
        }
        ([], _) => "No rule would fire on it.".to_owned(),
        (names, _) => format!("Then {} would fire.", names.join(", ")),
    }
}
