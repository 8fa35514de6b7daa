//! Where a URL leads, however it is spelled: by connections that come, or do not.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

/// Loopback in every spelling that a URL may have; `PORT` stands for a port.
const LOOPBACK: [&str; 26] = [
    "http://127.0.0.1:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://2130706433:PORT/",
    "http://017700000001:PORT/",
    "http://0x7f000001:PORT/",
    "http://0x7F.0.0.0x1:PORT/",
    "http://0177.0.0.01:PORT/",
    "http://0x7f.1:PORT/",
    "http://127.0.0.1.:PORT/",
    "HTTP://127.0.0.1:PORT/",
    "http://public.example.test@127.0.0.1:PORT/",
    "http://user:password@127.0.0.1:PORT/",
    "http://127.0.0.1:PORT\\@public.example.test/",
    "http://127.0.0.1:PORT#@public.example.test/",
    "http:127.0.0.1:PORT/",
    "http:\\\\127.0.0.1:PORT\\",
    "http:////127.0.0.1:PORT/",
    "http://１２７.０.０.１:PORT/",
    "http://①②⑦.⓪.⓪.①:PORT/",
    "http://127。0。0。1:PORT/",
    "http://%31%32%37.0.0.1:PORT/",
    "http://12\u{ad}7.0.0.1:PORT/",
    "http://12\t7.0.0.1:PORT/",
    "http://localhost:PORT/",
    "http://LOCALHOST:PORT/",
];
/// Others that are nobody's business; nothing connects to them.
const PRIVATE: [&str; 29] = [
    "http://0/",
    "http://0.0.0.0/",
    "http://10.0.0.1/",
    "http://0xa000001/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://192.168.257/",
    "http://100.64.0.1/",
    "http://100.100.100.200/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://168.63.129.16/",
    "http://192.0.0.192/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[::1]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[0:0:0:0:0:ffff:a9fe:a9fe]/",
    "http://[64:ff9b::169.254.169.254]/",
    "http://[64:ff9b:1::a00:1]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://[ff02::1]/",
];
const NO_URL: [&str; 5] = [
    "http://[fe80::1%25eth0]/",
    "http://256.1.1.1/",
    "http://0x100000000/",
    "http://1.2.3.4.5/",
    "http://127.0.0.1\0.example.test/",
];

/// A target that counts who comes, and answers all the same.
struct Counting {
    address: SocketAddr,
    came: Arc<AtomicUsize>,
}

impl Counting {
    async fn start(address: &str, answer: &'static str) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let came: Arc<AtomicUsize> = Arc::default();
        let count = came.clone();
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let mut head = [0; 4096];
                let _any = connection.read(&mut head).await;
                let _any = connection.write_all(answer.as_bytes()).await;
            }
        });
        Self { address, came }
    }

    fn came(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }
}

const DONE: &str = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";

fn http(policy: &str) -> Http {
    Http::new(policy.parse().expect("a policy")).expect("a client")
}

async fn post(http: &Http, url: &str) -> Result<(), AttemptError> {
    send(http.post(Url::parse(url)?)?, DateTime::UNIX_EPOCH).await
}

#[tokio::test]
async fn no_spelling_of_an_address_gets_past_the_policy() {
    let target = Counting::start("127.0.0.1:0", DONE).await;
    let closed = http("");
    for url in LOOPBACK {
        let url = url.replace("PORT", &target.address.port().to_string());
        let refused = post(&closed, &url).await;
        assert!(matches!(refused, Err(AttemptError::NotPermitted(_))), "{url}: {refused:?}");
    }
    for url in PRIVATE {
        let refused = post(&closed, url).await;
        assert!(matches!(refused, Err(AttemptError::NotPermitted(_))), "{url}: {refused:?}");
    }
    for url in NO_URL {
        let refused = post(&closed, url).await;
        assert!(matches!(refused, Err(AttemptError::Address(_))), "{url}: {refused:?}");
    }
    assert_eq!(target.came(), 0);
    // They do lead there: where it is allowed, each arrives.
    let open = http("loopback");
    for (count, url) in (1..).zip(LOOPBACK) {
        let url = url.replace("PORT", &target.address.port().to_string());
        let sent = post(&open, &url).await;
        assert!(sent.is_ok(), "{url}: {sent:?}");
        assert_eq!(target.came(), count, "{url}");
    }
}

/// Answers each question differently: first where it may lead, then where it may not.
#[derive(Clone)]
struct Rebinding {
    asked: Arc<AtomicUsize>,
    answers: [IpAddr; 2],
}

impl Lookup for Rebinding {
    async fn addresses(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(vec![self.answers[asked % 2]])
    }
}

/// 127.0.0.1 stands for an address that may be reached, 127.0.0.2 for one inside. The address that is
/// connected to is the one that was checked, by one question; and each connection is a check.
#[tokio::test]
async fn a_name_that_changes_its_address_gains_nothing() {
    let outside = Counting::start("127.0.0.1:0", DONE).await;
    let port = outside.address.port();
    let inside = Counting::start(&format!("127.0.0.2:{port}"), DONE).await;
    let answers = [outside.address.ip(), inside.address.ip()];
    let rebinding = Rebinding { asked: Arc::default(), answers };
    let policy = "127.0.0.1/32".parse().expect("a policy");
    let http = Http::by(policy, rebinding.clone()).expect("a client");
    let url = format!("http://rebinding.example.test:{port}/");
    for round in 1..=3 {
        post(&http, &url).await.expect("the first answer");
        let refused = post(&http, &url).await;
        assert!(matches!(refused, Err(AttemptError::NotPermitted(_))), "{refused:?}");
        assert_eq!((outside.came(), inside.came()), (round, 0));
        assert_eq!(rebinding.asked.load(Ordering::SeqCst), 2 * round, "a question each");
    }
}

/// Of a name with several addresses, those that may not be reached are not tried.
#[derive(Clone)]
struct Several(Vec<IpAddr>);

impl Lookup for Several {
    async fn addresses(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(self.0.clone())
    }
}

#[tokio::test]
async fn of_several_addresses_only_the_permitted_are_tried() {
    let inside = Counting::start("127.0.0.2:0", DONE).await;
    let port = inside.address.port();
    // Nobody listens there, and the next one would be tried.
    let several = Several(vec!["127.0.0.1".parse().expect("an address"), inside.address.ip()]);
    let policy = "127.0.0.1/32".parse().expect("a policy");
    let http = Http::by(policy, several).expect("a client");
    let failed = post(&http, &format!("http://several.example.test:{port}/")).await;
    assert!(matches!(failed, Err(AttemptError::Unreachable(_))), "{failed:?}");
    assert_eq!(inside.came(), 0);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let inside = Counting::start("127.0.0.2:0", DONE).await;
    let to = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://{}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        inside.address
    );
    let outside = Counting::start("127.0.0.1:0", to.leak()).await;
    let refused = post(&http("loopback"), &format!("http://{}/", outside.address)).await;
    assert!(matches!(refused, Err(AttemptError::Status { status: 307, .. })), "{refused:?}");
    assert_eq!((outside.came(), inside.came()), (1, 0));
}
