//! Whether a person was told of a death: what the `notified` hop says while it is awaited, and when it is missing.

use super::View;
use super::text::clean_within;
use crate::fleet::{Hop, Incident};
use crate::hub::ActionStanding;

/// The most columns of a reason.
const LONGEST: usize = 300;

/// Why nobody was told although somebody should have been: `email: 127.0.0.1:2525 does not answer`; empty if no reason
/// is known. `None` if all is well so far.
#[must_use]
pub fn failure(view: &View<'_>, incident: &Incident) -> Option<String> {
    if !incident.missing.contains(&Hop::Notified) {
        return None;
    }
    let failed = actions(view, incident).filter_map(|action| Some((action.kind, action.last_failure.as_ref()?)));
    // The one of this death is at least as young as any other.
    let newest = failed.max_by_key(|(_, failure)| failure.at);
    Some(newest.map_or_else(String::new, |(kind, failure)| format!("{kind}: {}", clean_within(&failure.text, LONGEST))))
}

/// What is under way while the hop is awaited: `email is on its way`.
#[must_use]
pub fn waiting(view: &View<'_>, incident: &Incident) -> Option<String> {
    if !incident.awaited.contains(&Hop::Notified) {
        return None;
    }
    let kinds: Vec<&str> =
        actions(view, incident).filter(|action| action.waiting > 0).map(|action| action.kind).collect();
    Some(match kinds.as_slice() {
        [] => "a person is being told".to_owned(),
        [one] => format!("{one} is on its way"),
        several => format!("{} are on their way", several.join(", ")),
    })
}

/// The actions that tell a person, of the rule that matched.
fn actions<'a>(view: &View<'a>, incident: &Incident) -> impl Iterator<Item = &'a ActionStanding> {
    let standing = view.status.rules.iter().enumerate();
    let found = standing.filter(|(_, standing)| Some(&standing.name) == incident.rule.as_ref());
    let rules = view.rules.rules();
    let pairs = found.filter_map(|(index, standing)| Some((standing, rules.get(index)?)));
    pairs
        .flat_map(|(standing, rule)| standing.actions.iter().zip(&rule.actions))
        .filter(|(standing, action)| action.kind.notifies() && !standing.idle)
        .map(|(standing, _)| standing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::fleet::{DeviceKey, Evidence, Fleet, Hops, IncidentId, Settings};
    use crate::hub::{Notice, RuleStanding, Status};
    use crate::mqtt::Cause;
    use crate::rules::RuleSet;
    use crate::tui::words;

    fn incident(awaited: &[Hop], missing: &[Hop]) -> Incident {
        let mut hops = Hops::default();
        for (hop, millis) in [(Hop::Cut, 1_000), (Hop::Will, 1_001), (Hop::Rule, 1_001), (Hop::Executed, 1_002)] {
            hops.set(hop, Moment::from_millis(millis));
        }
        if awaited.is_empty() && missing.is_empty() {
            hops.set(Hop::Notified, Moment::from_millis(1_014));
        }
        Incident {
            id: IncidentId(1),
            device: DeviceKey(0),
            client: "lwtThing".into(),
            cause: Cause::ConnectionLost,
            evidence: Evidence::Wire,
            fault: None,
            hops,
            awaited: awaited.to_vec(),
            delayed: false,
            lingering: false,
            missing: missing.to_vec(),
            telling: 0,
            wills: 1,
            rule: Some(RuleSet::ARTICLE.into()),
            told_by: None,
            connection: None,
            reported: true,
        }
    }

    fn told<T>(desktop: ActionStanding, ask: impl Fn(&View<'_>) -> T) -> T {
        let filter = "/last/will/topic".parse().unwrap();
        let rules = RuleSet::article(&filter, &"/lwt/executed".parse().unwrap());
        let fleet = Fleet::new(Settings { will: filter, rules: true });
        let republish = ActionStanding { kind: "republish", waiting: 9, ..ActionStanding::default() };
        let actions = vec![republish, desktop];
        let standing = RuleStanding { name: RuleSet::ARTICLE.into(), actions, ..RuleStanding::default() };
        let status = Status { rules: vec![standing], ..Status::default() };
        ask(&View { fleet: &fleet, status: &status, rules: &rules, now: Moment::default() })
    }

    #[test]
    fn told_awaited_failed_and_not_expected_read_differently() {
        let text = |incident: &Incident| words::chain(incident).replace(super::super::text::GLUE, " ");
        assert_eq!(text(&incident(&[], &[])), "cut→will 1.0 ms→rule 1.0→executed 2.0→notified 14");
        assert_eq!(text(&incident(&[Hop::Notified], &[])), "cut→will 1.0 ms→rule 1.0→executed 2.0→notified …");
        assert_eq!(text(&incident(&[], &[Hop::Notified])), "cut→will 1.0 ms→rule 1.0→executed 2.0");
    }

    #[test]
    fn the_reason_is_that_of_the_action_that_tells_a_person() {
        let failure_of = |failure: Option<&str>| ActionStanding {
            kind: "desktop",
            failed: 1,
            last_failure: failure.map(|text| Notice { at: Moment::default(), text: text.to_owned() }),
            ..ActionStanding::default()
        };
        let missing = incident(&[], &[Hop::Notified]);
        let failed = told(failure_of(Some("nobody\nis there")), |view| failure(view, &missing));
        assert_eq!(failed.as_deref(), Some("desktop: nobody\\nis there"));
        assert_eq!(told(failure_of(None), |view| failure(view, &missing)).as_deref(), Some(""));
        assert_eq!(told(failure_of(Some("x")), |view| failure(view, &incident(&[], &[]))), None);
    }

    #[test]
    fn what_is_awaited_is_named() {
        let awaited = incident(&[Hop::Notified], &[]);
        let desktop = |waiting| ActionStanding { kind: "desktop", waiting, ..ActionStanding::default() };
        let text = told(desktop(1), |view| waiting(view, &awaited));
        assert_eq!(text.as_deref(), Some("desktop is on its way"));
        let text = told(desktop(0), |view| waiting(view, &awaited));
        assert_eq!(text.as_deref(), Some("a person is being told"));
    }
}
