//! The load: agents that ask and report, and people who decide, until the server dies.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::HOOK;
use super::evidence::{Call, Ledger, Said};
use super::setting::{POOR, RICH, Setting};
use crate::client::{Client, Lost};
use crate::load::Traffic;

const AGENTS: usize = 4;
/// Agents that ask for what a person has to agree to.
const ASKERS: usize = 2;
const PEOPLE: usize = 2;
/// How long people with nothing to decide look away.
const PAUSE: Duration = Duration::from_millis(3);
/// Calls that are sent at the same time in the end.
const AT_ONCE: usize = 16;

/// The server, those who use it, and what they know.
#[derive(Clone)]
pub(crate) struct Here {
    pub(crate) address: SocketAddr,
    pub(crate) setting: Arc<Setting>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) acknowledged: Arc<Semaphore>,
}

/// One who takes part.
struct Member {
    here: Here,
    random: StdRng,
    /// What the sessions of this round are called.
    name: String,
}

impl Here {
    fn member(&self, seed: u64, number: u64) -> Member {
        Member {
            here: self.clone(),
            random: StdRng::seed_from_u64(seed.wrapping_add(number)),
            name: word(&mut StdRng::seed_from_u64(seed)),
        }
    }

    /// Lets agents and people work. All of them end when the server does.
    pub(crate) fn start(&self, tasks: &mut JoinSet<()>, traffic: Traffic, seed: u64) {
        let is_mixed = traffic == Traffic::Mixed;
        let mut members = (1..).map(|number| self.member(seed, number));
        for agent in members.by_ref().take(AGENTS) {
            tasks.spawn(async move {
                let Err(Lost) = agent.work(is_mixed).await;
            });
        }
        if !is_mixed {
            return;
        }
        for asker in members.by_ref().take(ASKERS) {
            tasks.spawn(async move {
                let Err(Lost) = asker.ask().await;
            });
        }
        for mut person in members.take(PEOPLE) {
            tasks.spawn(async move {
                let Err(Lost) = person.decide().await;
            });
        }
    }

    /// Sends again what was never answered, while people decide, until everything is answered.
    pub(crate) async fn finish(&self, seed: u64) {
        let rest = std::mem::take(&mut self.ledger.lock().unanswered);
        let asking = async {
            for some in rest.chunks(AT_ONCE) {
                let asking = some.iter().map(|call| self.ask_alone(call.clone()));
                for asked in join_all(asking).await {
                    asked.unwrap();
                }
            }
        };
        let mut person = self.member(seed, 0);
        tokio::select! {
            () = asking => {}
            lost = person.decide() => panic!("the server went away: {lost:?}"),
        }
    }

    /// Says of every call that may run that it ran.
    pub(crate) async fn report_all(&self) {
        let mut client = self.setting.hooks(self.address).await.unwrap();
        loop {
            let Some(call) = self.ledger.lock().to_report.pop() else {
                return;
            };
            report(&mut client, &self.ledger, call).await.unwrap();
        }
    }

    /// Asks for a call over a connection of its own.
    pub(super) async fn ask_alone(&self, call: Call) -> Result<(), Lost> {
        let mut client = self.setting.hooks(self.address).await?;
        ask(&mut client, &self.ledger, call).await
    }
}

/// A word that nobody used before.
fn word(random: &mut StdRng) -> String {
    let letters = (0..16).map(|_| random.random_range(b'a'..=b'z'));
    letters.map(char::from).collect()
}

/// What an agent does next.
enum Next {
    Ask(Call),
    Report(Call),
}

impl Member {
    async fn work(mut self, is_mixed: bool) -> Result<Infallible, Lost> {
        let mut client = self.here.setting.hooks(self.here.address).await?;
        loop {
            let next = if is_mixed {
                self.choose()
            } else {
                Next::Ask(self.read(RICH[0]))
            };
            match next {
                Next::Ask(call) => ask(&mut client, &self.here.ledger, call).await?,
                Next::Report(call) => report(&mut client, &self.here.ledger, call).await?,
            }
            self.here.acknowledged.add_permits(1);
        }
    }

    fn choose(&mut self) -> Next {
        let ledger = Arc::clone(&self.here.ledger);
        let mut evidence = ledger.lock();
        if let Some(unanswered) = evidence.unanswered.pop() {
            return Next::Ask(unanswered);
        }
        if self.random.random_ratio(1, 3)
            && let Some(ran) = evidence.to_report.pop()
        {
            return Next::Report(ran);
        }
        let count = evidence.calls.len();
        if count > 0 && self.random.random_ratio(1, 8) {
            let call = evidence.calls[self.random.random_range(0..count)].clone();
            let has_run = evidence.reported.contains(&call.tool_use_id);
            if has_run && self.random.random() {
                return Next::Report(call);
            }
            return Next::Ask(call);
        }
        drop(evidence);
        Next::Ask(match self.random.random_range(0..8) {
            0 => self.write_outside(),
            1..3 => self.read(RICH[0]),
            3..5 => self.read(RICH[1]),
            _ => self.read(POOR),
        })
    }

    fn call(&mut self, agent: &'static str, tool: &'static str, input: Value) -> Call {
        Call {
            tool_use_id: format!("toolu_{}", word(&mut self.random)),
            session: format!("{}-{agent}", self.name),
            agent,
            tool,
            input,
            asks: false,
        }
    }

    fn read(&mut self, agent: &'static str) -> Call {
        self.call(agent, "Read", json!({ "file_path": "/work/src/main.rs" }))
    }

    /// What policy denies.
    fn write_outside(&mut self) -> Call {
        let input = json!({ "file_path": "/etc/passwd", "content": "x" });
        self.call(RICH[0], "Write", input)
    }

    /// What a person has to agree to.
    fn write_protected(&mut self) -> Call {
        let agent = RICH[usize::from(self.random.random::<bool>())];
        let path = format!("/work/src/{}/package.json", word(&mut self.random));
        let mut call = self.call(
            agent,
            "Write",
            json!({ "file_path": path, "content": "{}" }),
        );
        call.asks = true;
        call
    }

    /// Asks for the same under several ids at the same time: one approval lets one of them through.
    async fn ask(mut self) -> Result<Infallible, Lost> {
        loop {
            let first = self.write_protected();
            let mut calls = vec![first.clone()];
            for _ in 0..self.random.random_range(0..3) {
                let tool_use_id = format!("toolu_{}", word(&mut self.random));
                calls.push(Call {
                    tool_use_id,
                    ..first.clone()
                });
            }
            let asking = calls.into_iter().map(|call| self.here.ask_alone(call));
            // Nobody is left behind: what is not answered is noted.
            for asked in join_all(asking).await {
                asked?;
                self.here.acknowledged.add_permits(1);
            }
        }
    }

    async fn decide(&mut self) -> Result<Infallible, Lost> {
        let mut client = self.here.setting.person(self.here.address).await?;
        loop {
            let path = "/api/v1/approvals?state=pending&limit=50";
            let (status, page) = client.call("GET", path, None).await?;
            if status == 401 {
                self.here.setting.sign_in(self.here.address).await?;
                client = self.here.setting.person(self.here.address).await?;
                continue;
            }
            let pending = page["approvals"].as_array().map_or(&[][..], Vec::as_slice);
            if pending.is_empty() {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            let approval = &pending[self.random.random_range(0..pending.len())];
            let is_yes = self.random.random_ratio(3, 4);
            decide(&mut client, &self.here.ledger, approval, is_yes).await?;
            self.here.acknowledged.add_permits(1);
        }
    }
}

/// Decides an approval, and writes down what came of it.
pub(super) async fn decide(
    client: &mut Client,
    ledger: &Ledger,
    approval: &Value,
    is_yes: bool,
) -> Result<(), Lost> {
    let id = approval["approval_id"].as_str().unwrap();
    let verb = if is_yes { "approve" } else { "deny" };
    let path = format!("/api/v1/approvals/{id}/{verb}");
    match client.call("POST", &path, Some(&json!({}))).await? {
        (200, _) => ledger.decide(id, is_yes),
        // Somebody else was faster.
        (409, _) => {}
        (status, answer) => ledger.refuse(format!("{status} for {verb}: {answer}")),
    }
    Ok(())
}

/// Asks for a call, and writes down what it was answered.
pub(super) async fn ask(client: &mut Client, ledger: &Ledger, call: Call) -> Result<(), Lost> {
    match client.call("POST", HOOK, Some(&call.before())).await {
        Ok((status, answer)) => {
            match Said::read(&answer).filter(|_| status == 200) {
                Some(said) => ledger.answer(call, said),
                None => ledger.refuse(format!("{status} for {call:?}: {answer}")),
            }
            Ok(())
        }
        Err(Lost) => {
            ledger.lock().unanswered.push(call);
            Err(Lost)
        }
    }
}

/// Says that a call ran.
async fn report(client: &mut Client, ledger: &Ledger, call: Call) -> Result<(), Lost> {
    match client.call("POST", HOOK, Some(&call.after())).await {
        Ok((200, _)) => {
            ledger.lock().reported.insert(call.tool_use_id);
            Ok(())
        }
        Ok((status, answer)) => {
            ledger.refuse(format!("{status} after {call:?}: {answer}"));
            Ok(())
        }
        Err(Lost) => {
            ledger.lock().to_report.push(call);
            Err(Lost)
        }
    }
}
