/** Protocols by which agents speak; what a gateway can translate to. */
export const AGENT_PROTOCOLS = ['a2a-jsonrpc', 'a2a-rest', 'a2a-grpc', 'mqtt', 'libp2p', 'http'] as const

export function isProtocol(text: string): boolean {
  return (AGENT_PROTOCOLS as readonly string[]).includes(text)
}
