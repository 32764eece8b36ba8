//! Floor 1: demonstrations by script. What is said, done and expected, in order; and how far it is.
//!
//! - [`script`] is a scenario as data; a file of it is read and printed by `config`;
//! - [`player`] goes through it: it is told what changed and what time it is, and hands back [`Deed`]s and an [`account`];
//! - [`ledger`] remembers what came, [`look`] judges whether what was expected is there, [`words`] says both in words.
//!
//! Pure like the rest of its floor: the hub does the deeds, and the interface and `lwtop play` show the same player.

pub mod account;
pub mod ledger;
pub mod look;
pub mod player;
pub mod script;
pub mod words;

pub use account::{Ending, Entry};
pub use player::{Deed, Player, State};
pub use script::{Change, Check, Facts, Launch, Part, Publication, Scenario, Step, Subject, Text};
