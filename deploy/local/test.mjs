/**
 * `npm test`: the same set-up as `npm start`, then lint, types and tests of every project through Nx (cached where nothing changed),
 * formatting, and unused code. Ends with one line `N passed, N failed`: the tests of all projects, plus one failure for each lint, type,
 * format or unused-code check that failed, and for each test run that left no result. What failed is told again just before that line, for
 * whoever has only the end of a long log. Arguments go to Nx: `npm test -- -p @sluice/testing`.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { ensureDependencies, ensureNatsServer, progress, root, workspaceEnvironment, workspaceNode } from './install.mjs';

const programs = join(root, 'node_modules', '.bin');
// Nx would share one cache among all clones of a user; the account of the run is wanted here.
const nxCache = join(root, '.nx', 'cache');
const nxRun = join(nxCache, 'run.json');
const resultName = 'test-results/vitest.json';
/** How much of a failed test's message is told again at the end. */
const messageLines = 12;

await ensureDependencies();
// The tests start servers of their own whatever NATS_URL says.
delete process.env.NATS_URL;
await ensureNatsServer();
for (const file of resultFiles()) rmSync(file);
rmSync(nxRun, { force: true });

progress('lint, types and tests …');
const nxCode = await run('nx', [
  'run-many',
  '-t',
  'lint',
  'typecheck',
  'test',
  '--parallel=2',
  '--output-style=static',
  ...process.argv.slice(2),
]);
const checks = [['prettier', ['--check', '--log-level=warn', '.']]];
if (existsSync(join(root, 'knip.json')) || existsSync(join(root, 'knip.ts'))) checks.push(['knip', []]);
const failures = [];
for (const [program, args] of checks) {
  progress(`${program} …`);
  if ((await run(program, args)) !== 0) failures.push(program);
}

const tasks = existsSync(nxRun) ? JSON.parse(readFileSync(nxRun, 'utf8')).tasks : [];
let passed = 0;
let failed = 0;
for (const file of resultFiles()) {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const broken = failedTests(report);
  passed += report.testResults.flatMap((one) => one.assertionResults).filter((test) => test.status === 'passed').length;
  failed += broken.length;
  for (const { name, message } of broken) progress(`failed: ${name}\n${message}`);
}
const failedTasks = tasks.filter((task) => task.status !== 0).map((task) => task.taskId);
failures.push(...failedTasks.filter((task) => !task.endsWith(':test')));
const failedRuns = failedTasks.filter((task) => task.endsWith(':test'));
// A test run that failed without one failed test did not get as far as its tests, or failed outside of them.
if (failedRuns.length > 0 && failed === 0) failures.push(...failedRuns);
if (nxCode !== 0 && failedTasks.length === 0) failures.push('nx');
failed += failures.length;

for (const failure of [...new Set([...failures, ...failedRuns])]) progress(`failed: ${failure}`);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 && nxCode === 0 ? 0 : 1);

/**
 * The failed tests of a project, each with its file and the first lines of its message. A file that failed as a whole has no failed test of
 * its own and counts as one.
 * @param {{ testResults: { name: string, status: string, message: string,
 *   assertionResults: { status: string, fullName: string, failureMessages: string[] }[] }[] }} report
 */
function failedTests(report) {
  return report.testResults.flatMap((file) => {
    const path = relative(root, file.name);
    const tests = file.assertionResults.filter((test) => test.status === 'failed');
    if (tests.length === 0) return file.status === 'failed' ? [{ name: path, message: excerpt(file.message) }] : [];
    return tests.map((test) => ({ name: `${path}: ${test.fullName}`, message: excerpt(test.failureMessages.join('\n')) }));
  });
}

/** @param {string} message */
function excerpt(message) {
  const lines = stripVTControlCharacters(message).trim().split('\n');
  return lines
    .slice(0, messageLines)
    .map((line) => `    ${line}`)
    .join('\n');
}

function resultFiles() {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return workspaces
    .flatMap((pattern) => projectFolders(pattern))
    .map((folder) => join(folder, resultName))
    .filter((file) => existsSync(file));
}

/** Folders of a workspace pattern: a path, or a path that ends in `/*`. @param {string} pattern */
function projectFolders(pattern) {
  if (!pattern.endsWith('/*')) return [join(root, pattern)];
  const parent = join(root, pattern.slice(0, -2));
  return existsSync(parent) ? readdirSync(parent).map((name) => join(parent, name)) : [];
}

/** @param {string} program @param {string[]} args @returns {Promise<number>} */
function run(program, args) {
  const environment = { ...workspaceEnvironment(), NX_DAEMON: 'false', NX_TUI: 'false', NX_CACHE_DIRECTORY: nxCache, CI: 'true' };
  const child = spawn(workspaceNode, [join(programs, program), ...args], { cwd: root, stdio: 'inherit', env: environment });
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}
