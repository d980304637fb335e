/**
 * Loaded into a measured walhook before its own modules: profiles the CPU while the suite wants it. Its end of the channel
 * keeps nothing alive.
 */
process.on('message', (message) => {
  void answer(message).then((reply) => process.send?.(reply));
});
process.channel?.unref();

let session: import('node:inspector/promises').Session | null = null;

async function answer(message: unknown): Promise<object> {
  if (message === 'profile') {
    const inspector = await import('node:inspector/promises');
    session = new inspector.Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    return {};
  }
  if (session === null) throw new Error('nothing is being profiled');
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  session = null;
  return profile;
}
