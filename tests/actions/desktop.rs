//! `desktop`, on a private D-Bus with a notification service of the test's own.

use super::scene::{ACTION, ARTICLE, Folder, PATIENCE, Scene, death, in_another_process, inside};
use lwtop::rules::{Desktop, Kind};
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// A session bus of its own, ended with the value.
struct Bus {
    daemon: Child,
    address: String,
    _folder: Folder,
}

impl Bus {
    /// Starts one; `None`, with a line that says so, where it is not installed.
    fn start(name: &str) -> Option<Self> {
        let folder = Folder::new(name);
        let config = folder.join("bus.conf");
        // No folders with services: nobody but the test is started or found here.
        let text = format!(
            "<busconfig><type>session</type><listen>unix:path={}</listen><policy context=\"default\">\
             <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/>\
             </policy></busconfig>",
            folder.join("bus").display()
        );
        std::fs::write(&config, text).unwrap();
        let started = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--print-address"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn();
        let mut daemon = match started {
            Ok(daemon) => daemon,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let _ = writeln!(std::io::stderr(), "SKIPPED: a test needs dbus-daemon, which is not installed");
                assert!(std::env::var_os("LWTOP_REQUIRE_DBUS").is_none(), "dbus-daemon is required here");
                return None;
            }
            Err(error) => panic!("dbus-daemon did not start: {error}"),
        };
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
        assert!(!address.trim().is_empty(), "dbus-daemon ended");
        Some(Self { daemon, address: address.trim().to_owned(), _folder: folder })
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// What the service was asked to show.
#[derive(Debug)]
struct Notice {
    app: String,
    title: String,
    body: String,
    hints: HashMap<String, zbus::OwnedVariant>,
    /// Which notice it replaces, its icon, its buttons, and for how long it is shown.
    rest: (u32, String, Vec<String>, i32),
}

impl Notice {
    fn urgency(&self) -> Option<u8> {
        self.hints.get("urgency").and_then(|value| u8::try_from(value).ok())
    }
}

struct Service {
    notices: mpsc::UnboundedSender<Notice>,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Service {
    #[expect(clippy::too_many_arguments, reason = "the Desktop Notifications Specification has them")]
    fn notify(
        &self,
        app: String,
        replaces: u32,
        icon: String,
        title: String,
        body: String,
        buttons: Vec<String>,
        hints: HashMap<String, zbus::OwnedVariant>,
        timeout: i32,
    ) -> u32 {
        self.notices.send(Notice { app, title, body, hints, rest: (replaces, icon, buttons, timeout) }).unwrap();
        1
    }
}

async fn serve() -> (zbus::Connection, mpsc::UnboundedReceiver<Notice>) {
    let (sender, notices) = mpsc::unbounded_channel();
    let builder = zbus::connection::Builder::session()
        .name("org.freedesktop.Notifications")
        .serve_at("/org/freedesktop/Notifications", Service { notices: sender });
    (builder.build().await.unwrap(), notices)
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().unwrap().block_on(test);
}

#[test]
fn notices_are_shown() {
    if inside() {
        return run(shows());
    }
    if let Some(bus) = Bus::start("shown") {
        let environment = [("DBUS_SESSION_BUS_ADDRESS", bus.address.as_str()), ("TZ", "UTC")];
        in_another_process("desktop::notices_are_shown", &environment);
    }
}

async fn shows() {
    let (connection, mut notices) = serve().await;
    let mut next = async || timeout(PATIENCE, notices.recv()).await.expect("no notice came").unwrap();
    let mut scene = Scene::with(Kind::Desktop(Desktop::default()));
    assert_eq!(scene.outcome(death("lwtThing", ARTICLE)).await.failure, None);
    let notice = next().await;
    assert_eq!((notice.app.as_str(), notice.title.as_str()), ("lwtop", "lwtThing: connection lost"));
    assert_eq!(notice.body, "by lwtop: cut, RST\nat 01:03:50, will after 3.1 ms\nlastWillRule on /last/will/topic");
    assert_eq!(notice.urgency(), Some(1));
    assert_eq!(notice.rest, (0, String::new(), Vec::new(), -1));
    assert_eq!(scene.desk.idle(ACTION), None);

    let many = |scene: &Scene| (1..=40).for_each(|number| scene.submit(death(&format!("<b>{number}"), ARTICLE)));
    let mut scene = Scene::paced(Kind::Desktop(Desktop::default()), |pace| {
        (pace.group, pace.most) = (Duration::from_secs(60), 40);
    });
    many(&scene);
    assert_eq!(scene.report().await.events, 40);
    let notice = next().await;
    assert_eq!(notice.title, "40 devices lost at once");
    let wanted = "&lt;b&gt;1, &lt;b&gt;2 and 38 more\nsince 01:03:50\nlastWillRule on /last/will/topic";
    assert_eq!(notice.body, wanted);

    let own = Desktop { title: Some("${a}\u{1b}".parse().unwrap()), body: Some("${topic()} &".parse().unwrap()) };
    let mut scene = Scene::with(Kind::Desktop(own));
    assert_eq!(scene.outcome(death("lwtThing", br#"{"a": "<i>"}"#)).await.failure, None);
    let notice = next().await;
    assert_eq!((notice.title.as_str(), notice.body.as_str()), ("<i>\\u{1b}", "/last/will/topic &amp;"));
    assert_eq!(scene.failure(death("lwtThing", b"{}")).await, "${a} is Undefined for this message");

    // The service goes: that is a failure like any other.
    connection.close().await.unwrap();
    let failure = scene.failure(death("lwtThing", br#"{"a": 1}"#)).await;
    assert!(failure.starts_with("the notification service did not take it: "), "{failure}");
}

#[test]
fn on_a_bus_without_a_service_it_is_left_out() {
    if inside() {
        return run(is_left_out());
    }
    if let Some(bus) = Bus::start("silent") {
        let environment = [("DBUS_SESSION_BUS_ADDRESS", bus.address.as_str())];
        in_another_process("desktop::on_a_bus_without_a_service_it_is_left_out", &environment);
    }
}

#[test]
fn without_a_bus_it_is_left_out() {
    if inside() {
        return run(is_left_out());
    }
    let folder = Folder::new("no-bus");
    let address = format!("unix:path={}", folder.join("none").display());
    let environment = [("DBUS_SESSION_BUS_ADDRESS", address.as_str())];
    in_another_process("desktop::without_a_bus_it_is_left_out", &environment);
}

async fn is_left_out() {
    let scene = Scene::with(Kind::Desktop(Desktop::default()));
    scene.submit(death("lwtThing", ARTICLE));
    let left_out = async {
        loop {
            if let Some(why) = scene.desk.idle(ACTION) {
                return why;
            }
            tokio::task::yield_now().await;
        }
    };
    let why = timeout(PATIENCE, left_out).await.expect("it still works");
    assert!(why.starts_with("there is no notification service"), "{why}");
    scene.submit(death("lwtThing", ARTICLE));
    assert_eq!(scene.desk.waiting(ACTION), 0);
}
