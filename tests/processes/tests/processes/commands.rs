//! Commands as tasks: what goes in as data, and what comes back.

use core::time::Duration;
use std::collections::HashMap;

use mainspring::process::{Command, CommandEnd, Commands, Exit};
use mainspring::{JobEnd, Outcome};
use serde::Serialize;

use crate::rig::{Node, Tree, app, off};

/// Runs a command with these arguments of a job.
async fn ran(command: Command, arguments: &(impl Serialize + ?Sized)) -> JobEnd {
    let node = Node::start([Commands::new(&app()).task("command", command)]).await;
    let end = node.run("command", arguments).await;
    node.stop().await;
    end
}

async fn printed(command: Command, arguments: &(impl Serialize + ?Sized)) -> String {
    let end = ran(command, arguments).await;
    let ended: CommandEnd = end.output().expect("it succeeds");
    assert_eq!((ended.exit, ended.stopped), (Exit::Code(0), false));
    ended.stdout.text
}

/// A text that a shell would take apart, run, or take for several.
const NASTY: &str = "a b\n$(touch /tmp/x) `id` ; rm -rf \"$HOME\" 'q' * \\ \u{1f41b}";

#[tokio::test]
async fn what_a_job_brings_along_is_one_argument_whatever_is_in_it() {
    #[derive(Serialize)]
    struct Picture {
        name: &'static str,
        width: u32,
        sharp: bool,
        sizes: [u8; 2],
    }
    let picture = Picture { name: NASTY, width: 80, sharp: true, sizes: [1, 2] };
    let fields = ["name", "width", "sharp", "sizes"];
    let all = |first| fields.into_iter().fold(first, Command::job_arg);
    let wanted = format!("<{NASTY}><80><true><[1,2]>");
    assert_eq!(printed(all(Command::new("printf").arg("<%s>")), &picture).await, wanted);
    let shell = all(Command::shell("printf '<%s>' \"$@\""));
    assert_eq!(printed(shell, &picture).await, wanted);
    let variable = Command::shell("printf '<%s>' \"$NAME\"").job_env("NAME", "name");
    assert_eq!(printed(variable, &picture).await, format!("<{NASTY}>"));
}

#[tokio::test]
async fn a_list_is_taken_by_its_places_or_as_a_whole() {
    let printf = || Command::new("printf").arg("<%s>");
    assert_eq!(printed(printf().job_arg("1").job_arg("0"), &("a", "b")).await, "<b><a>");
    assert_eq!(printed(printf().job_args(), &("a", 7, "c d")).await, "<a><7><c d>");
    assert_eq!(printed(printf().arg("x").job_args(), "one text").await, "<x><one text>");
    assert_eq!(printed(printf().arg("x").job_args(), &()).await, "<x>");
    let input = Command::new("cat").job_stdin();
    assert_eq!(printed(input, &("a", [1, 2])).await, "[\"a\",[1,2]]");
    assert_eq!(printed(Command::new("cat").stdin("fixed\n"), &()).await, "fixed\n");
}

#[tokio::test]
async fn arguments_that_do_not_fit_end_the_job_before_anything_runs() {
    let field = Command::new("true").job_arg("name");
    for arguments in [HashMap::new(), HashMap::from([("name", None::<u8>)])] {
        let end = ran(field.clone(), &arguments).await;
        assert_eq!(end.outcome(), Outcome::Undecodable);
        assert!(end.error().is_some_and(|error| error.contains("wants `name`")), "{end:?}");
    }
    let zero = ran(Command::new("true").job_args(), &("a\0b",)).await;
    assert_eq!(zero.outcome(), Outcome::Undecodable);
}

#[tokio::test]
async fn a_command_knows_its_run_and_has_the_environment_that_it_is_given() {
    let about = "echo \"$MAINSPRING_ATTEMPT <$MAINSPRING_SCHEDULE> $MAINSPRING_JOB\"";
    let end = ran(Command::shell(about), &()).await;
    let ended: CommandEnd = end.output().expect("it succeeds");
    assert_eq!(ended.stdout.text, format!("1 <> {}\n", end.run().job));

    let folder = tempfile::tempdir().expect("a temporary folder");
    let there = folder.path().canonicalize().expect("it is there");
    let here = Command::shell("echo \"$A$A_B${HOME:-none}\"; pwd").clear_env();
    let here = here.env("A", "1").env("A_B", "2").env("A", "3").dir(folder.path());
    assert_eq!(printed(here, &()).await, format!("32none\n{}\n", there.display()));
}

#[tokio::test]
async fn a_cleared_environment_has_what_was_added_and_programs_are_found_without_a_path() {
    let all = printed(Command::new("env").clear_env().env("A", "1"), &()).await;
    let mut names: Vec<_> = all.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.sort_unstable();
    let about = ["ATTEMPT", "FIRE_AT", "JOB", "SCHEDULE", "TOKEN"];
    let about = about.map(|name| format!("MAINSPRING_{name}"));
    assert_eq!(names[0], "A");
    assert_eq!(names[1..], about);

    let folder = tempfile::tempdir().expect("a temporary folder");
    std::os::unix::fs::symlink("/bin/sh", folder.path().join("my-shell")).expect("a link");
    let path = folder.path().to_str().expect("temporary folders have plain names");
    let there = |program| Command::new(program).clear_env().env("PATH", path);
    assert_eq!(printed(there("my-shell").args(["-c", "echo up"]), &()).await, "up\n");
    let end = ran(there("env"), &()).await;
    let error = end.error().expect("only its own path counts");
    assert!(error.starts_with("exit code 127: "), "{error}");
}

#[tokio::test]
async fn a_failure_names_the_code_or_the_signal_and_the_last_line() {
    let failed = async |command| {
        let end = ran(command, &()).await;
        assert_eq!(end.outcome(), Outcome::Failed);
        let output = end.run().ended.detail.as_ref().and_then(|detail| detail.output.as_ref());
        let left: CommandEnd = output.expect("a record").from_json(1).expect("it fits");
        (end.error().expect("a reason").to_owned(), left)
    };
    let (error, left) = failed(Command::shell("echo out; echo no disk >&2; exit 3")).await;
    assert_eq!(error, "exit code 3: no disk");
    assert_eq!((left.exit, left.stdout.text.as_str()), (Exit::Code(3), "out\n"));
    let (error, left) = failed(Command::shell("kill -SEGV $$")).await;
    assert_eq!((error.as_str(), left.exit), ("ended by signal 11 (SIGSEGV)", Exit::Signal(11)));
    let (error, _) = failed(Command::new("no-such-program")).await;
    assert!(error.starts_with("exit code 127: ") && error.contains("not found"), "{error}");
}

#[tokio::test]
async fn long_output_keeps_both_ends_and_says_what_was_cut() {
    let end = ran(Command::new("seq").arg("100000").capture(16), &()).await;
    let ended: CommandEnd = end.output().expect("it succeeds");
    let shown = ended.stdout.to_string();
    let all: u64 = (1..=100_000_u64).map(|n| n.to_string().len() as u64 + 1).sum();
    assert_eq!(shown, format!("1\n2\n\n[… {} bytes …]\n9999\n100000\n", all - 16));
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_asked_and_then_killed() {
    let tree = Tree::new();
    let stubborn = "exec 9>\"$1\"; trap '' TERM; (sleep 1000 & wait) & echo up >&9; \
                    while :; do sleep 0.05; done";
    let commands = Commands::new(&app()).grace(Duration::from_millis(50));
    let task = commands.task("stubborn", Command::shell(stubborn).job_args());
    let polite = "exec 9>\"$1\"; trap 'exit 5' TERM; echo up >&9; while :; do sleep 0.05; done";
    let polite = commands
        .clone()
        .grace(Duration::from_secs(600))
        .task("polite", Command::shell(polite).job_args());
    let node = Node::start([task.timeout(Duration::from_secs(3)), polite]).await;

    let job = node.scheduler.enqueue("stubborn", tree.path()).await.expect("it is queued");
    let (_, rest) = tree.up().await;
    let end = node.scheduler.wait(job).await.expect("it ends");
    assert_eq!(end.outcome(), Outcome::TimedOut);
    assert_eq!(end.error(), Some("ended by signal 9 (SIGKILL)"));
    off(rest).await;

    let job = node.scheduler.enqueue("polite", tree.path()).await.expect("it is queued");
    let (_, rest) = tree.up().await;
    node.scheduler.cancel(job).await.expect("the store works");
    let end = node.scheduler.wait(job).await.expect("it ends");
    // Shells say that what they waited for was terminated, or do not.
    assert_eq!(end.outcome(), Outcome::Cancelled);
    assert!(end.error().is_some_and(|error| error.starts_with("exit code 5")), "{end:?}");
    off(rest).await;
    node.stop().await;
}
