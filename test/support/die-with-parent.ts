/**
 * Preloaded into daemons under test: when the test's process is gone, however it ended, so is the daemon. Its end of
 * the channel keeps nothing alive.
 */
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.channel?.unref();
