import { GatewaySim, type SimGateway, type SimNode } from './gateway-sim.ts'

/** Two interconnected domains: `home` with a gateway, an ARS and the agent flight, and `away` with a gateway. Nothing is attached yet. */
export async function flightAtHome(
  home: string,
  away: string
): Promise<{ sim: GatewaySim; gateway: SimGateway; far: SimGateway; ars: SimNode; agent: SimNode }> {
  const sim = new GatewaySim([home, away])
  const gateway = await sim.gateway('gw', home)
  const far = await sim.gateway('gw', away)
  const ars = await sim.ars(home)
  const agent = await sim.agent('flight', home)
  await sim.connect(far, gateway)
  return { sim, gateway, far, ars, agent }
}
