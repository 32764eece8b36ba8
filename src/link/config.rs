//! What the link is told.

use super::backoff::Backoff;
use super::subscriptions::widest;
use crate::dial::Route;
use crate::mqtt::{BrokerAddress, KeepAlive, Protocol, Qos, TopicFilter};

/// rumqttc gives a dead broker away after twice this. Shorter would take a broker that is busy with a mass cut for dead.
const KEEP_ALIVE: KeepAlive = KeepAlive(10);

/// Subscriptions on one connection of AWS IoT Core (its endpoints and quotas).
const AWS_SUBSCRIPTIONS: usize = 50;

/// Where the link goes and what it subscribes to.
#[derive(Clone, Debug)]
pub struct LinkConfig {
    /// The way to the broker. The login of its address is what CONNECT says. Custom authorizers of AWS are passed on as they
    /// stand: in the query of a WebSocket's path (`?x-amz-customauthorizer-name=…&x-amz-customauthorizer-signature=…&KEY=TOKEN`),
    /// in headers of the same names, or at the end of the user name in the same form.
    pub route: Route,
    /// Who lwtop says it is. The link has two connections, and a broker keeps only one of a client id: `-w` is added for
    /// wills, `-m` for the rest. Without one, the prefix is followed by a random part, which no other lwtop has.
    pub client_id: Option<String>,
    /// How a client id begins where none is given.
    pub client_id_prefix: String,
    /// After how much silence PINGREQ is sent; a broker of MQTT 5 may ask for another. 0 sends none.
    pub keep_alive: KeepAlive,
    /// Whether the broker forgets the session with the connection. A session can only be kept under a client id that stays
    /// the same; MQTT 5 brokers are asked to keep it for an hour.
    pub clean: bool,
    /// The only version to speak. Without one, 5 is tried first, then 3.1.1.
    pub protocol: Option<Protocol>,
    /// Where wills arrive.
    pub will_filters: Vec<TopicFilter>,
    /// Where everything else arrives.
    pub other_filters: Vec<TopicFilter>,
    /// Whether the broker is trusted to say who published a message (user property `x-mqtt-client-id`). Only the embedded
    /// one is: anywhere else a publisher could write whatever it likes there.
    pub attribute: bool,
    /// How long it waits before it connects again.
    pub backoff: Backoff,
}

impl LinkConfig {
    /// A link to this broker that listens to nothing yet.
    #[must_use]
    pub fn new(address: BrokerAddress) -> Self {
        Self {
            route: address.into(),
            client_id: None,
            client_id_prefix: "lwtop".to_owned(),
            keep_alive: KEEP_ALIVE,
            clean: true,
            protocol: None,
            will_filters: Vec::new(),
            other_filters: Vec::new(),
            attribute: false,
            backoff: Backoff::default(),
        }
    }

    /// The highest quality of service that may be published, as far as it is known before the broker says so.
    pub(super) fn highest(&self) -> Qos {
        // AWS IoT Core closes the connection over QoS 2, and on 3.1.1 it cannot say so.
        if self.route.is_aws() { Qos::AtLeastOnce } else { Qos::ExactlyOnce }
    }

    /// Why this cannot work, in one sentence.
    pub(super) fn fault(&self) -> Option<String> {
        if !self.clean && self.client_id.is_none() {
            return Some("a session can only be kept under a client id that stays the same: give one".to_owned());
        }
        let most = [&self.will_filters, &self.other_filters].map(|filters| widest(filters).len()).into_iter().max();
        most.filter(|most| *most > AWS_SUBSCRIPTIONS && self.route.is_aws()).map(|most| {
            format!(
                "AWS IoT Core takes no more than {AWS_SUBSCRIPTIONS} subscriptions on a connection, and topics and rules make \
                 {most}: a wider filter for several of them, or fewer rules"
            )
        })
    }
}
