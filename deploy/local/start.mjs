/** `npm start`: installs what is missing, then runs Sluice, or the TypeScript file given, on the workspace's Node. */
import { ensureDependencies, ensureNatsServer, runOnWorkspaceNode } from './install.mjs';

const [file = 'deploy/local/src/main.ts', ...args] = process.argv.slice(2);
await ensureDependencies();
await ensureNatsServer();
await runOnWorkspaceNode(file, args);
