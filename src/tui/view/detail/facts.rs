//! What is known of one device, in lines of a name and what it is.

use super::fact;
use crate::fleet::{Device, Evidence, Session, Span};
use crate::mqtt::{Cause, Protocol};
use crate::tui::lane::{Lane, Slice};
use crate::tui::text::{GLUE, clean_within, preview};
use crate::tui::view::canvas::Canvas;
use crate::tui::view::sheet::Sheet;
use crate::tui::words;
use ratatui::style::Style;
use std::fmt::Write as _;

/// How its presence went, how often it dies, how soon it is back, and its will.
pub fn first(canvas: &mut Canvas<'_>, page: &mut Sheet, device: &Device) {
    lane(canvas, page, device);
    uptime(canvas, page, device);
    deaths(page, device);
    last_death(canvas, page, device);
    recovered(page, device);
    will(canvas, page, device);
}

/// How all this is known, the connection, and what was said last.
pub fn more(canvas: &mut Canvas<'_>, page: &mut Sheet, device: &Device) {
    let plain = Style::new();
    let known = device.evidence.map_or("not known", Evidence::words);
    let origin = if device.launched() { "launched by lwtop" } else { "not launched by lwtop" };
    fact(page, "known how", &format!("{known} · {origin}"), plain);
    if let Some(session) = device.session.as_deref() {
        fact(page, if session.ended.is_none() { "connection" } else { "it was" }, &connection(session), plain);
        let mut over = words::door(&session.via);
        if let Some(peer) = session.peer {
            over = format!("{over} · from {peer}");
        }
        let end = device.incident.and_then(|id| canvas.view.fleet.incident(id));
        let end = end.and_then(|incident| incident.connection.as_ref()).filter(|end| end.opened == session.opened);
        if let Some(how) = end.and_then(|end| end.how) {
            over = format!("{over} · ended by {how}");
        }
        fact(page, "over", &over, plain);
        let last = canvas.ago(session.last_packet);
        let packets =
            format!("{}, {} of them PINGREQ · last {last}", words::number(device.packets), words::number(device.pings));
        fact(page, "packets", &packets, plain);
    }
    if let Some(message) = &device.last_message {
        let ago = canvas.ago(message.at);
        fact(page, "last message", &format!("{ago} on {}", clean_within(message.topic(), 300)), plain);
        fact(page, "", &preview(message.payload(), page.room * 3), canvas.look.dim());
    }
}

fn lane(canvas: &mut Canvas<'_>, page: &mut Sheet, device: &Device) {
    let spans: Vec<Span> = device.spans().collect();
    if spans.is_empty() {
        return;
    }
    let lane = Lane::new(&spans, canvas.view.now, page.room);
    canvas.wake_at(lane.turns);
    let style = |slice: Slice| match slice {
        Slice::Online => canvas.look.good(),
        Slice::Overdue | Slice::Unknown => canvas.look.warn(),
        Slice::Gone | Slice::Died => canvas.look.bad(),
        Slice::Before | Slice::Away | Slice::Left => canvas.look.dim(),
    };
    let signs = |part: &[Slice]| part.iter().map(|slice| slice.sign()).collect::<String>();
    page.line(lane.slices.chunk_by(|a, b| a == b).map(|part| (signs(part), style(part[0]))).collect());
    let mut below = vec![(lane.scale(), canvas.look.dim())];
    // Where lines are few, the signs have to speak for themselves.
    let legend = lane.legend();
    if legend.len() > 1 && canvas.area().height >= 16 {
        page.line(std::mem::take(&mut below));
        for slice in legend {
            below.push((format!("{} ", slice.sign()), style(slice)));
            below.push((format!("{}  ", slice.word()), canvas.look.dim()));
        }
    }
    page.line(below);
}

fn uptime(canvas: &mut Canvas<'_>, page: &mut Sheet, device: &Device) {
    let uptime = device.uptime(canvas.view.now);
    let known = uptime.known();
    if known.is_zero() {
        return;
    }
    let known_words = words::length(known);
    let mut text = match (uptime.online.is_zero(), uptime.offline.is_zero()) {
        (_, true) => format!("all of the {known_words} in which it is known"),
        (true, _) => format!("none of the {known_words} in which it is known"),
        _ => {
            // Cut off and not rounded: what was down for a moment was not up all the time.
            let tenths = uptime.online.as_micros() * 1_000 / known.as_micros();
            format!("{}.{}{GLUE}% of the {known_words} in which it is known", tenths / 10, tenths % 10)
        }
    };
    if let Some(session) = device.open_session() {
        // Writing to a String cannot fail.
        let _ = write!(text, " · connected for {}", canvas.age(session.opened));
    }
    fact(page, "uptime", &text, Style::new());
}

fn deaths(page: &mut Sheet, device: &Device) {
    let (left, died): (Vec<_>, Vec<_>) = device.ends().partition(|(cause, _)| cause.discards_will());
    let all: u32 = died.iter().map(|(_, count)| count).sum();
    let mut text = if died.is_empty() {
        "none".to_owned()
    } else {
        let causes: Vec<String> =
            died.iter().map(|(cause, count)| format!("{} {}", cause.words(), words::number(*count))).collect();
        format!("{}: {}", words::number(all), causes.join(", "))
    };
    for (cause, count) in left {
        let _ = write!(text, " · {} {}", cause.words(), words::number(count));
    }
    fact(page, "deaths", &text, Style::new());
}

/// How it died last, where that is not what is told first: it is back.
fn last_death(canvas: &mut Canvas<'_>, page: &mut Sheet, device: &Device) {
    let incident = device.incident.and_then(|id| canvas.view.fleet.incident(id));
    if let Some(incident) = incident.filter(|incident| incident.recovered()) {
        let ago = canvas.ago(incident.hops.first().unwrap_or_default());
        let text = format!("{}, {ago}: {}", incident.cause.words(), words::chain(incident));
        fact(page, "last death", &text, Style::new());
    }
}

fn recovered(page: &mut Sheet, device: &Device) {
    let died = device.ends().any(|(cause, _)| !cause.discards_will() && cause != Cause::SessionTakenOver);
    let text = match device.recoveries() {
        None if died => "never so far".to_owned(),
        None => return,
        Some(back) if back.count == 1 => format!("once, after {}", words::span(back.last)),
        Some(back) => format!(
            "{} times, the last one after {} · mean {} · longest {}",
            words::number(back.count),
            words::span(back.last),
            words::span(back.mean()),
            words::span(back.longest)
        ),
    };
    fact(page, "recovered", &text, Style::new());
}

fn will(canvas: &Canvas<'_>, page: &mut Sheet, device: &Device) {
    let Some(session) = device.session.as_deref() else {
        fact(page, "will", "not known: its CONNECT was not seen", canvas.look.dim());
        return;
    };
    let Some(will) = &session.will else {
        fact(page, "will", "none: nobody hears of its death from the broker", Style::new());
        return;
    };
    let retain = if will.retain { " · retained" } else { "" };
    let delay = match will.delay.as_secs() {
        0 => String::new(),
        seconds => format!(" · delayed by {seconds}{GLUE}s"),
    };
    let topic = clean_within(&will.topic, 300);
    fact(page, "will", &format!("{topic} · QoS {}{retain}{delay}", will.qos.as_u8()), Style::new());
    fact(page, "", &preview(&will.payload, page.room * 3), canvas.look.dim());
}

fn connection(session: &Session) -> String {
    let keep_alive = match session.keep_alive.0 {
        0 => "keep alive off".to_owned(),
        seconds => format!("keep alive {seconds}{GLUE}s"),
    };
    let clean = match (session.protocol, session.clean) {
        (Protocol::V311, true) => "clean session",
        (Protocol::V311, false) => "session kept",
        (Protocol::V5, true) => "clean start",
        (Protocol::V5, false) => "session continued",
    };
    format!("{keep_alive} · MQTT {} · {clean}", session.protocol)
}
