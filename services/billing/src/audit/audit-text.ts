import type { AuditReport } from './audit-ledger.ts';
import { decimalText } from '../decimal-text.ts';

/** The report for people; every figure of the JSON but the heads. */
export function auditText(report: AuditReport, stream: string): string {
  const { producers, requests, leases, chain, breaks } = report;
  const { intents, settled, refused, malformed, position } = report.stream;
  const lines: [string, string][] = [
    ['audited at', `${report.at}, ${report.full ? 'all of the ledger' : 'what is new'}`],
    ['producers', `${producers.sources}, ${producers.missing} events missing, ${producers.rejected} malformed`],
    ['stream', `${stream}; counted up to ${position}: ${intents} intents, ${settled} settled, ${refused} refused, ${malformed} malformed`],
    [
      'requests',
      `${requests.admitted} admitted = ${requests.settled} settled + ${requests.admitted - requests.settled - requests.unresolved - requests.open} refused after admission ` +
        `+ ${requests.unresolved} unresolved + ${requests.open} open`,
    ],
    [
      '',
      `${requests.rows} rows, ${requests.refused} of them refused; ${requests.late} late or second ends; ${requests.unchained} from before the chain`,
    ],
    [
      'leases',
      leases === undefined
        ? 'not compared: the schema of metering is not here'
        : `${leases.held} held for open requests, ${leases.unknown} not yet in the ledger`,
    ],
    [
      'chain',
      `${chain.blocks} blocks, ${chain.entries} entries and ${chain.lines} lines verified; ${usd(chain.amountNanoUsd)} USD booked in all`,
    ],
    ['result', breaks.length === 0 ? 'nothing amiss' : `${breaks.length} breaks`],
    ...breaks.map((text): [string, string] => ['BREAK', text]),
  ];
  return lines.map(([name, text]) => `${name.padEnd(12)}${text}\n`).join('');
}

const nanoDigits = 9;

function usd(nanoUsd: string): string {
  return decimalText(BigInt(nanoUsd), nanoDigits);
}
