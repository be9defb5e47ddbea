import { AGENT_DEFAULTS, type AgentConfig } from '../roles/agent/config.ts'
import { AGW_DEFAULTS, type AgwConfig } from '../roles/agw/config.ts'
import { DATA_DEFAULTS, type DataSettings } from '../roles/agw/data/settings.ts'
import { type AcaConfig, type AcaPolicy, DEFAULT_ACA } from '../roles/aca/config.ts'
import { ARS_DEFAULTS, type ArsConfig } from '../roles/ars/config.ts'
import type { SessionsConfig } from '../roles/agent/sessions/config.ts'
import { type AdmissionSettings, DEFAULT_LIMITS, type Limit, type Limits } from '../roles/member/admission.ts'
import type { StalePolicy } from '../roles/member/staleness.ts'
import type { Config } from './config/schema.ts'

/** Settings of the roles from those of the node: the one place where the words of config.yaml meet those of the roles. */
export function acaSettings({ ca }: Config, approvers: AcaPolicy['approvers'] = new Map()): AcaConfig {
  const { node, agent, tls } = ca.lifetimes
  const { require, twoApprovers, oidc, organisations, pendingFor, maxPending } = ca.policy
  const policy: AcaPolicy = {
    require,
    twoApprovers,
    approvers,
    oidc: new Map(Object.entries(oidc).map(([issuer, { audience, accounts }]) => [issuer, { audience, accounts }])),
    organisations: new Map(Object.entries(organisations)),
    pendingForMs: pendingFor,
    maxPending
  }
  return { ...DEFAULT_ACA, lifetimes: { aca: node, ars: node, agw: node, agent, tls }, crlLifetimeMs: ca.crlLifetime, rememberMs: ca.remember, policy }
}

export function arsSettings({ registry, gateway }: Config): ArsConfig {
  return {
    ...ARS_DEFAULTS,
    recordLifetimeMs: registry.recordLifetime,
    republishMs: registry.republish,
    export: gateway.export,
    intraDomain: gateway.intraDomain,
    discovery: { ...ARS_DEFAULTS.discovery, serverMs: registry.queryTimeout }
  }
}

export function agwSettings({ gateway, limits }: Config): AgwConfig & DataSettings {
  return {
    ...DATA_DEFAULTS,
    ...AGW_DEFAULTS,
    heartbeatMs: gateway.heartbeat,
    missed: gateway.missed,
    holdMs: gateway.hold,
    neighbors: gateway.neighbors,
    export: gateway.export,
    intraDomain: gateway.intraDomain,
    keepOriginal: gateway.language.keepOriginal,
    inbox: inboxSettings(gateway.inbox),
    calls: limits.openCallsTotal,
    discovery: withBurst(limits.discovery)
  }
}

function inboxSettings({ enabled, ttl, perAgent, bytesPerAgent, total }: Config['gateway']['inbox']): DataSettings['inbox'] {
  return { enabled, ttlMs: ttl, perAgent, bytesPerAgent, total }
}

export function agentSettings({ agent, gateway }: Config): AgentConfig {
  return {
    ...(agent.name === undefined ? {} : { name: agent.name }),
    ...(agent.capabilities.length > 0 ? { capabilities: agent.capabilities } : {}),
    ...(agent.languages.length > 0 ? { languages: agent.languages } : {}),
    intraDomain: gateway.intraDomain,
    idempotent: agent.idempotent,
    repeatable: agent.repeatable,
    timing: { probeEvery: agent.probe, probeTimeout: Math.min(AGENT_DEFAULTS.probeTimeout, agent.probe) }
  }
}

export function sessionsSettings({ sessions }: Config): SessionsConfig {
  const { record, keep, maxEntries, maxBytes, total } = sessions
  return { record, keepMs: keep, maxEntries, maxBytes, total }
}

export function admissionSettings({ limits }: Config): AdmissionSettings {
  const classes = Object.keys(DEFAULT_LIMITS) as (keyof Limits)[]
  return {
    limits: Object.fromEntries(classes.map((name) => [name, withBurst(limits[name])])) as Record<keyof Limits, Limit>,
    maxCallsPerCaller: limits.openCalls,
    maxCalls: limits.openCallsTotal
  }
}

/** After a rest a caller may use the whole period at once: a person who looks around is no flood. */
function withBurst(rate: { readonly limit: number; readonly periodMs: number }): Limit {
  return { ...rate, burst: rate.limit }
}

/** Addresses of the ACAs of listed domains, by domain. */
export function crlSources({ trust }: Config): ReadonlyMap<string, readonly string[]> {
  return new Map(Object.entries(trust.domains).map(([domain, { aca }]) => [domain, aca]))
}

/** Gateways and servers speak for others and fail closed; an agent that is cut off from its ACA harms itself most. */
export function stalePolicy({ trust, roles }: Config): StalePolicy {
  const serves = roles.some((role) => role !== 'agent')
  return { refuse: trust.stale === 'refuse' || (trust.stale === 'auto' && serves), graceMs: trust.staleGrace }
}
