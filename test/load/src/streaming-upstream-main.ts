/** The paced upstream as a process of its own: its timers must not wait for the client that measures. */
import { startStreamingUpstream } from './streaming-upstream.ts';

await startStreamingUpstream(Number(process.argv[2]));
