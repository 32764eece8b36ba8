//! The subscriptions of one connection: which filters go into one SUBSCRIBE, and what the broker answered.

use super::trouble::Trouble;
use crate::mqtt::{Protocol, TopicFilter};

/// Filters in one SUBSCRIBE: AWS IoT Core takes no more than eight.
const FILTERS: usize = 8;

/// What one SUBSCRIBE asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    /// Its filters.
    pub filters: Vec<TopicFilter>,
    /// Its subscription identifier, if messages could match other groups too. No topic matches two filters of such a group,
    /// so that the identifier stands for one of them.
    pub id: Option<u32>,
}

/// A filter that has topics in common with another one, and the identifier of its group.
pub type Crossing = (TopicFilter, u32);

/// The groups of one connection, subscribed one after the other: packet identifiers are soon used again.
#[derive(Debug)]
pub struct Subscriptions {
    groups: Vec<Group>,
    /// The SUBSCRIBE that is not answered yet: its group and its packet identifier.
    asked: Option<(usize, u16)>,
    /// How many groups were granted.
    granted: usize,
}

impl Subscriptions {
    /// Puts filters into groups.
    pub fn new(filters: &[TopicFilter]) -> Self {
        let filters = widest(filters);
        let mut crosses = vec![false; filters.len()];
        for (index, filter) in filters.iter().enumerate() {
            for (other, second) in filters.iter().enumerate().skip(index + 1) {
                if meet(filter, second) {
                    (crosses[index], crosses[other]) = (true, true);
                }
            }
        }
        let mut groups: Vec<Group> = Vec::new();
        let plain: Vec<_> = filters.iter().zip(&crosses).filter(|(_, crosses)| !**crosses).collect();
        for filters in plain.chunks(FILTERS) {
            groups.push(Group { filters: filters.iter().map(|(filter, _)| (*filter).clone()).collect(), id: None });
        }
        let first = groups.len();
        for (filter, _) in filters.iter().zip(&crosses).filter(|(_, crosses)| **crosses) {
            let fits =
                |group: &Group| group.filters.len() < FILTERS && !group.filters.iter().any(|each| meet(each, filter));
            if let Some(group) = groups[first..].iter_mut().find(|group| fits(group)) {
                group.filters.push(filter.clone());
            } else {
                let id = u32::try_from(groups.len() - first + 1).ok();
                groups.push(Group { filters: vec![filter.clone()], id });
            }
        }
        Self { groups, asked: None, granted: 0 }
    }

    /// The filters that have topics in common with others.
    pub fn crossing(&self) -> Vec<Crossing> {
        let groups = self.groups.iter().filter_map(|group| group.id.map(|id| (group, id)));
        groups.flat_map(|(group, id)| group.filters.iter().map(move |filter| (filter.clone(), id))).collect()
    }

    /// What to ask for next; `None` once everything is granted.
    pub fn next(&self) -> Option<&Group> {
        self.groups.get(self.granted)
    }

    /// What is next was asked for, with this packet identifier.
    pub fn asked(&mut self, packet: u16) {
        self.asked = Some((self.granted, packet));
    }

    /// Takes a SUBACK.
    pub fn answer(&mut self, protocol: Protocol, packet: u16, codes: &[u8]) -> Result<(), Trouble> {
        let asked = self.asked.take().filter(|(_, asked)| *asked == packet);
        let Some(group) = asked.and_then(|(index, _)| self.groups.get(index)) else {
            return Err(Trouble::Protocol("the broker acknowledged a SUBSCRIBE that was never sent".to_owned()));
        };
        if codes.len() != group.filters.len() {
            return Err(Trouble::Protocol("the broker's SUBACK has not one code for each filter".to_owned()));
        }
        for (filter, code) in group.filters.iter().zip(codes) {
            if *code >= 0x80 {
                return Err(Trouble::NotSubscribed(filter.clone(), protocol, *code));
            }
        }
        self.granted += 1;
        Ok(())
    }
}

/// `filters` without those that another one covers: Mosquitto delivers a message once for each subscription that matches.
pub fn widest(filters: &[TopicFilter]) -> Vec<TopicFilter> {
    // Read as a topic, `+` is a level like any other; only `#` stands for more than `+` can cover.
    let covers = |wide: &TopicFilter, narrow: &TopicFilter| {
        wide.matches(narrow.as_str()) && (wide.as_str().ends_with('#') || !narrow.as_str().ends_with('#'))
    };
    let mut widest: Vec<TopicFilter> = Vec::with_capacity(filters.len());
    for filter in filters {
        if !widest.iter().any(|wide| covers(wide, filter)) {
            widest.retain(|narrow| !covers(filter, narrow));
            widest.push(filter.clone());
        }
    }
    widest
}

/// Whether a topic may match both filters.
fn meet(one: &TopicFilter, other: &TopicFilter) -> bool {
    let (one, other) = (one.as_str(), other.as_str());
    // A wildcard in the first level does not match what begins with `$` (4.7.2-1).
    let hidden = |dollar: &str, wild: &str| dollar.starts_with('$') && wild.starts_with(['+', '#']);
    if hidden(one, other) || hidden(other, one) {
        return false;
    }
    let (mut one, mut other) = (one.split('/'), other.split('/'));
    loop {
        match (one.next(), other.next()) {
            (Some("#"), _) | (_, Some("#")) | (None, None) => return true,
            (Some(a), Some(b)) if a == b || a == "+" || b == "+" => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(texts: &[&str]) -> Vec<TopicFilter> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn covered_filters_are_left_out() {
        for (given, expected) in [
            (&["c/x", "c/+", "e"][..], &["c/+", "e"][..]),
            (&["c/+", "c/#"], &["c/#"]),
            (&["c/#", "c/+", "c", "c/x/y"], &["c/#"]),
            (&["a", "a"], &["a"]),
            (&["#", "$SYS/#"], &["#", "$SYS/#"]),
            (&["a/+", "+/b"], &["a/+", "+/b"]),
        ] {
            let kept = widest(&filters(given));
            assert_eq!(kept.iter().map(TopicFilter::as_str).collect::<Vec<_>>(), expected, "{given:?}");
        }
    }

    #[test]
    fn filters_meet_where_a_topic_matches_both() {
        for (one, other, expected) in [
            ("a/+", "+/b", true),
            ("a/+", "b/+", false),
            ("a/#", "+/b/c", true),
            ("a/#", "a", true),
            ("a/#", "+", true),
            ("a/+", "+", false),
            ("a/+/c", "+/b", false),
            ("+/x", "$SYS/+", false),
            ("$SYS/+", "$SYS/#", true),
        ] {
            let pair = filters(&[one, other]);
            assert_eq!((meet(&pair[0], &pair[1]), meet(&pair[1], &pair[0])), (expected, expected), "{one} {other}");
        }
    }

    #[test]
    fn only_groups_of_filters_that_cross_have_an_identifier_and_no_two_filters_in_them_cross() {
        let subscriptions = Subscriptions::new(&filters(&["a/+", "x", "+/b", "c/+", "y", "+/d"]));
        let groups: Vec<_> = subscriptions
            .groups
            .iter()
            .map(|group| (group.filters.iter().map(TopicFilter::as_str).collect::<Vec<_>>(), group.id))
            .collect();
        let expected = [(vec!["x", "y"], None), (vec!["a/+", "c/+"], Some(1)), (vec!["+/b", "+/d"], Some(2))];
        assert_eq!(groups, expected);
        assert_eq!(subscriptions.crossing().len(), 4);
    }

    #[test]
    fn a_refused_filter_is_named_and_a_stray_answer_is_an_error() {
        let filters: Vec<TopicFilter> = (0..9).map(|n| format!("f/{n}").parse().unwrap()).collect();
        let mut subscriptions = Subscriptions::new(&filters);
        assert!(subscriptions.answer(Protocol::V5, 1, &[0; 8]).is_err(), "nothing was asked");
        subscriptions.asked(1);
        subscriptions.answer(Protocol::V5, 1, &[0; 8]).unwrap();
        assert_eq!(subscriptions.next().map(|group| group.filters.len()), Some(1));
        subscriptions.asked(1);
        let trouble = subscriptions.answer(Protocol::V5, 1, &[0x87]).unwrap_err();
        assert_eq!(trouble.to_string(), "f/8: not authorized (reason code 0x87)");
        subscriptions.asked(2);
        assert!(subscriptions.answer(Protocol::V5, 1, &[0]).is_err(), "the answer to something else");
        subscriptions.asked(2);
        subscriptions.answer(Protocol::V5, 2, &[0]).unwrap();
        assert!(subscriptions.next().is_none());
    }
}
