import { type ClientReadableStream, InterceptingCall, type Interceptor } from '@grpc/grpc-js'

/** Holds answers back until they are asked for: the library itself would read sixteen ahead, whatever their size. */
export interface Gate {
  /** For the call whose answers are held. */
  readonly interceptor: Interceptor
  /** Lets one answer through. */
  demand(): void
}

export function createGate(): Gate {
  let demanded = 0
  let held: (() => void) | undefined
  return {
    interceptor: (options, next) =>
      new InterceptingCall(next(options), {
        start(metadata, _listener, start) {
          start(metadata, {
            onReceiveMessage(message, pass) {
              if (demanded > 0) {
                demanded--
                pass(message)
              } else held = () => pass(message)
            }
          })
        }
      }),
    demand() {
      const pass = held
      held = undefined
      if (pass === undefined) demanded++
      else pass()
    }
  }
}

/** The answers of a call, each read when it is asked for. Left early, it cancels the call. Throws what the library says of the end. */
export async function* readResponses(stream: ClientReadableStream<Buffer>, gate: Gate): AsyncGenerator<Buffer, void, undefined> {
  const answers = stream[Symbol.asyncIterator]()
  try {
    for (;;) {
      gate.demand()
      const next = await answers.next()
      if (next.done === true) return
      yield next.value as Buffer
    }
  } finally {
    stream.cancel()
    await answers.return?.()
  }
}
