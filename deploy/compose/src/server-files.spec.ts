import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { deployFile, natsConfigurationPath, natsEnvironment, readDeployFile, services } from './deploy-files.ts';

it('gives nats-server a configuration that it accepts', () => {
  const storeDir = mkdtempSync(join(tmpdir(), 'sluice-nats-check-'));
  const check = () =>
    execFileSync('nats-server', ['-c', natsConfigurationPath, '-t'], {
      env: { ...process.env, ...natsEnvironment(storeDir) },
      stdio: 'pipe',
    });
  expect(check).not.toThrow();
  rmSync(storeDir, { recursive: true });
});

it('has Prometheus scrape every service on its health port', () => {
  const { scrape_configs: jobs } = z
    .object({
      scrape_configs: z.array(
        z.object({ job_name: z.string(), dns_sd_configs: z.array(z.object({ names: z.array(z.string()), port: z.number() })) }),
      ),
    })
    .parse(readDeployFile('prometheus/prometheus.yaml'));
  expect(jobs.map((job) => job.job_name).sort()).toEqual([...services].sort());
  expect(jobs.flatMap((job) => job.dns_sd_configs.map(({ names, port }) => `${names.join()}:${port}`)).sort()).toEqual(
    services.map((name) => `${name}:9464`).sort(),
  );
});

it('sends traces from the collector to Jaeger by pipelines whose parts are declared', () => {
  const collector = z
    .object({
      receivers: z.record(z.string(), z.unknown()),
      processors: z.record(z.string(), z.unknown()),
      exporters: z.record(z.string(), z.unknown()),
      service: z.object({
        pipelines: z.record(
          z.string(),
          z.object({ receivers: z.array(z.string()), processors: z.array(z.string()), exporters: z.array(z.string()) }),
        ),
      }),
    })
    .parse(readDeployFile('otel/collector.yaml'));
  for (const pipeline of Object.values(collector.service.pipelines)) {
    for (const kind of ['receivers', 'processors', 'exporters'] as const) {
      expect(pipeline[kind].filter((name) => !(name in collector[kind]))).toEqual([]);
    }
  }
});

it('asks in dashboard and alerts only for metrics that the code makes', () => {
  const asked = new Set(
    [deployFile('grafana/dashboards/sluice.json'), deployFile('prometheus/alerts.yaml')]
      .flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/\bsluice_[a-z_]+/g)].map(([name]) => name))
      .map((name) => name.replace(/_bucket$/, '')),
  );
  const source = execFileSync(
    'grep',
    ['-rhoE', "'sluice_[a-z_]+'", deployFile('../services'), deployFile('../libs/runtime'), '--include=*.ts', '--exclude-dir=node_modules'],
    { encoding: 'utf8' },
  );
  const made = new Set(source.split('\n').map((line) => line.replaceAll("'", '')));
  expect(asked.size).toBeGreaterThan(10);
  expect([...asked].filter((name) => !made.has(name))).toEqual([]);
});

it('gives Grafana its data sources, and panels that use no other', () => {
  const { datasources } = z
    .object({ datasources: z.array(z.object({ uid: z.string() })) })
    .parse(readDeployFile('grafana/provisioning/datasources/sluice.yaml'));
  const { panels } = z
    .object({ panels: z.array(z.object({ title: z.string(), datasource: z.object({ uid: z.string() }) })) })
    .parse(readDeployFile('grafana/dashboards/sluice.json'));
  const known = new Set(datasources.map(({ uid }) => uid));
  expect(panels.filter(({ datasource }) => !known.has(datasource.uid))).toEqual([]);
});
