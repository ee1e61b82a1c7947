/**
 * Command line that runs a foreign program so that it dies with its parent, SIGKILL of the parent included: a subshell reads the
 * standard input, which must be a pipe from the parent that nobody writes to, and kills the program when that pipe closes.
 * The shell replaces itself by the program, so the child's pid is the program's own. Works wherever there is a POSIX shell.
 */
export function tiedCommand(program: string, args: readonly string[]): { command: string; args: string[] } {
  const script = 'exec 3<&0; (while read -r _ <&3; do :; done; kill -KILL $$) >/dev/null 2>&1 & exec "$@" </dev/null 3<&-';
  return { command: 'sh', args: ['-c', script, 'sh', program, ...args] };
}
