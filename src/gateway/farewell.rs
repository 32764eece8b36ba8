//! The end of a connection, carried to the other side: last words, and closing in an order that lets wills go first.

use super::Shared;
use super::ending::{Carry, Ending, Fate};
use super::registry::Leaving;
use super::relay::Relay;
use crate::mqtt::Protocol;
use std::future::poll_fn;
use std::io;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::{sleep, timeout};

/// How long the last words may take: what is still to be written, and the broker's own close.
pub(super) const WIND_DOWN: Duration = Duration::from_secs(5);

/// The broker has read all that a device sent if the device then said nothing for so long: nobody has to wait for it.
const SETTLED: Duration = Duration::from_millis(500);

/// How long the two sockets of a cut connection are left alone before they are closed. Tearing them down costs more
/// than telling the broker, and when thousands are cut at once the broker is to hear of all of them first: that is when
/// their wills are published.
const REST: Duration = Duration::from_millis(300);

/// How long a device may take to hear that its connection has ended and to close its side.
const HEARD: Duration = Duration::from_millis(200);

/// Carries `ending` to the side that did not bring it about, and closes both. It is `leaving` until the broker has closed.
pub(super) async fn carry_out(shared: &Shared, relay: Relay, ending: Ending, leaving: Option<Leaving>) {
    let silence = shared.clock.now().since(relay.last_packet);
    let heard_all = !relay.broker.has_leftover() && silence >= SETTLED;
    if ending.is_plain_cut() && (heard_all || ending.broker == Carry::Rst) {
        lay_to_rest(shared, relay, ending.broker).await;
        return;
    }
    // Whoever does not take the last words in time does not get them.
    let _ = timeout(WIND_DOWN, wind_down(relay, ending, leaving)).await;
}

/// Tells the broker of a cut at once, and tears the sockets down when there is time for it.
async fn lay_to_rest(shared: &Shared, relay: Relay, carry: Carry) {
    let Relay { device, mut broker, .. } = relay;
    let broker = if carry == Carry::Rst {
        drop_end(std::future::ready(broker.stream.tcp().set_zero_linger())).await;
        drop(broker);
        None
    } else {
        drop_end(broker.stream.shutdown()).await;
        Some(broker)
    };
    sleep(REST).await;
    // One at a time, and behind whatever else there is to do.
    let turn = shared.closing.acquire().await;
    drop((broker, device));
    tokio::task::yield_now().await;
    drop(turn);
}

/// Says the last words to both sides and closes them.
async fn wind_down(relay: Relay, ending: Ending, leaving: Option<Leaving>) {
    let Relay { mut device, mut broker, protocol, frozen, .. } = relay;
    match ending.device {
        Fate::Hear => {}
        Fate::Close => drop_end(device.stream.shutdown()).await,
        Fate::Told(reason) => {
            if protocol == Protocol::V5 && !frozen {
                device.queue(&[0xe0, 2, reason, 0]);
            }
            poll_fn(|cx| device.poll_flush(cx)).await;
            drop_end(device.stream.shutdown()).await;
        }
        Fate::Reset => drop_end(std::future::ready(device.stream.tcp().set_zero_linger())).await,
    }
    match ending.broker {
        Carry::Rst => {
            drop_end(std::future::ready(broker.stream.tcp().set_zero_linger())).await;
            return;
        }
        Carry::Fin => {
            broker.queue(&ending.last);
            poll_fn(|cx| broker.poll_flush(cx)).await;
            if let Some(leaving) = &leaving {
                leaving.told();
            }
            drop_end(broker.stream.shutdown()).await;
        }
        Carry::Known => {}
    }
    if ending.device != Fate::Hear || frozen {
        drop(device);
        // Read to its end: closing a socket that holds unread bytes resets it, and a broker whose writes fail may not
        // get to read what came before.
        poll_fn(|cx| broker.poll_drain(cx)).await;
        return;
    }
    poll_fn(|cx| broker.poll_copy(&mut device, cx)).await;
    drop(leaving);
    drop_end(device.stream.shutdown()).await;
    // A device that still talks would be reset by an early close, and could lose the broker's last words.
    let _ = timeout(HEARD, poll_fn(|cx| device.poll_drain(cx))).await;
}

/// An end that is being closed may fail to close: it is closed then.
async fn drop_end(closing: impl Future<Output = io::Result<()>>) {
    let _ = closing.await;
}
