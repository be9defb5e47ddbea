import { type GossipSub, gossipsub, type GossipSubComponents, TopicValidatorResult } from '@libp2p/gossipsub'
import { createTopicScoreParams } from '@libp2p/gossipsub/score'
import type { Log } from '../../ports/log.ts'
import type { PubSub, Verdict } from '../../ports/pubsub.ts'
import { HansaError } from '../../schema/errors.ts'
import { MAX_GOSSIP_BYTES, type Topic, TOPICS } from '../../wire/topics.ts'

const VERDICTS: Readonly<Record<Verdict, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject
}

const topicScore = createTopicScoreParams({
  topicWeight: 1,
  // Rare topics: who says little must not be punished, and who says much not be paid.
  timeInMeshWeight: 0,
  firstMessageDeliveriesWeight: 0,
  meshMessageDeliveriesWeight: 0,
  meshFailurePenaltyWeight: 0,
  invalidMessageDeliveriesWeight: -10,
  invalidMessageDeliveriesDecay: 0.9
})

/** gossipsub as Hansa sets it up. */
export function gossip(): (components: GossipSubComponents) => GossipSub {
  return gossipsub({
    globalSignaturePolicy: 'StrictSign',
    allowPublishToZeroTopicPeers: true,
    emitSelf: false,
    doPX: false,
    allowedTopics: Object.values(TOPICS),
    // Without it the signature of every copy of a message is verified before the copy is recognised as one.
    fastMsgIdFn: (message) => Buffer.from(message.from ?? []).toString('latin1') + Buffer.from(message.seqno ?? []).toString('latin1'),
    maxInboundDataLength: 4 * MAX_GOSSIP_BYTES,
    maxOutboundBufferSize: 4 * 1024 * 1024,
    // Above this size each message also costs an IDONTWANT per peer.
    idontwantMinDataSize: 4_096,
    scoreParams: {
      // Many nodes behind one address (one NAT, one machine) are normal here: the default silences them from the 11th on.
      IPColocationFactorWeight: 0,
      topicScoreCap: 50,
      decayInterval: 1_000,
      decayToZero: 0.01,
      topics: Object.fromEntries(Object.values(TOPICS).map((topic) => [topic, topicScore]))
    },
    scoreThresholds: { gossipThreshold: -50, publishThreshold: -100, graylistThreshold: -200, acceptPXThreshold: 0, opportunisticGraftThreshold: 1 }
  })
}

/** The PubSub port over gossipsub. */
export class GossipPubSub implements PubSub {
  readonly #gossip: GossipSub
  readonly #own: string
  readonly #log: Log
  readonly #deliver = new Map<string, (data: Uint8Array, from: string) => void>()
  readonly #wanted = new Set<Topic>()
  #started = false

  constructor(gossip: GossipSub, own: string, log: Log) {
    this.#gossip = gossip
    this.#own = own
    this.#log = log
    gossip.addEventListener('message', (event) => {
      const message = event.detail
      if (message.type !== 'signed') return
      const from = message.from.toString()
      if (from === this.#own) return
      // A listener that throws would end the process.
      try {
        this.#deliver.get(message.topic)?.(message.data, from)
      } catch (error) {
        this.#log.error({ err: error, topic: message.topic }, 'a gossip message could not be handled')
      }
    })
  }

  /** gossipsub takes subscriptions only while it runs. */
  start(): void {
    this.#started = true
    for (const topic of this.#wanted) this.#gossip.subscribe(topic)
  }

  stop(): void {
    this.#started = false
  }

  async publish(topic: Topic, data: Uint8Array): Promise<number> {
    if (data.length > MAX_GOSSIP_BYTES)
      throw new HansaError('INVALID_ARGUMENT', `a gossip message of ${data.length} bytes; the bound is ${MAX_GOSSIP_BYTES}`, { bound: MAX_GOSSIP_BYTES })
    if (!this.#started) return 0
    try {
      return (await this.#gossip.publish(topic, data)).recipients.length
    } catch (error) {
      this.#log.debug({ err: error, topic }, 'gossip was not sent')
      return 0
    }
  }

  subscribe(topic: Topic, validate: (data: Uint8Array, from: string) => Verdict, deliver: (data: Uint8Array, from: string) => void): void {
    this.#gossip.topicValidators.set(topic, (_, message) => {
      if (message.type !== 'signed' || message.data.length > MAX_GOSSIP_BYTES) return TopicValidatorResult.Reject
      try {
        return VERDICTS[validate(message.data, message.from.toString())]
      } catch (error) {
        this.#log.error({ err: error, topic }, 'a gossip message could not be validated')
        return TopicValidatorResult.Ignore
      }
    })
    this.#deliver.set(topic, deliver)
    this.#wanted.add(topic)
    if (this.#started) this.#gossip.subscribe(topic)
  }
}
