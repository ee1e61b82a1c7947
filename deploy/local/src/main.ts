/** `npm start`, once everything is installed: runs Sluice until a signal, the terminal's end, or the end of whoever started it. */
import { runLocal, type LocalRun } from './run-local.ts';

let run: LocalRun | undefined;
let stopping = false;

async function stop(exitCode: number): Promise<void> {
  if (stopping) {
    run?.kill();
    process.exit(1);
  }
  stopping = true;
  await run?.stop();
  process.exit(exitCode);
}

for (const event of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect']) process.on(event, () => void stop(0));
// Nobody reads any more: the terminal or the pipe is gone.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', () => {
    if (!stopping) void stop(0);
  });

try {
  run = await runLocal(process.env, (text) => process.stdout.write(text), process.stdout.isTTY);
  process.send?.({ type: 'ready', ...(await run.ready) });
} catch (error) {
  await failed(error);
}

/** A stop that was asked for while starting is no failure. */
async function failed(error: unknown): Promise<void> {
  if (stopping) return;
  process.stderr.write(`sluice: ${error instanceof Error ? error.message : String(error)}\n`);
  await stop(1);
}
