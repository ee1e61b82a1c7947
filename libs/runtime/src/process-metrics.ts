import { performance } from 'node:perf_hooks';
import type { Bus } from '@sluice/bus';
import { Gauge, type Registry } from 'prom-client';

/**
 * The facts of a process that operators watch, read only when scraped. The client's own set keeps a 10 ms timer for the
 * event loop's delay and observes every garbage collection: a hundred wake-ups a second in each of nine processes.
 */
export function registerProcessMetrics(registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: 'sluice_process_cpu_seconds',
    help: 'User and system CPU time since start',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.set((user + system) / 1_000_000);
    },
  });
  new Gauge({
    name: 'sluice_process_resident_memory_bytes',
    help: 'Resident set size',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'sluice_process_heap_used_bytes',
    help: 'JavaScript heap in use',
    registers,
    collect() {
      this.set(process.memoryUsage().heapUsed);
    },
  });
  let last = performance.eventLoopUtilization();
  new Gauge({
    name: 'sluice_process_event_loop_utilization',
    help: 'Share of the time since the last scrape that the event loop was busy, 0 to 1',
    registers,
    collect() {
      const now = performance.eventLoopUtilization();
      this.set(performance.eventLoopUtilization(now, last).utilization);
      last = now;
    },
  });
  new Gauge({ name: 'sluice_process_start_time_seconds', help: 'Epoch seconds of the start', registers }).set(
    Math.floor(performance.timeOrigin / 1_000),
  );
}

/** How much of what this process has said is on its disk and not in NATS. */
export function registerSpoolMetric(registry: Registry, bus: Pick<Bus, 'spooledBytes'>): void {
  new Gauge({
    name: 'sluice_spool_bytes',
    help: 'Events on disk because NATS has not stored them',
    registers: [registry],
    collect() {
      this.set(bus.spooledBytes);
    },
  });
}
