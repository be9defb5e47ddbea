/**
 * Forbids `for await` over a libp2p stream, known by its type: iteration has no back-pressure and hangs when the other side ended before it began.
 * Other async iterables (query events, pages) are fine.
 */
export const noStreamIteration = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { iterated: 'A libp2p stream must not be iterated: use the readers of src/adapters/libp2p, which have back-pressure and see the end.' }
  },
  create(context) {
    const services = context.sourceCode.parserServices
    return {
      'ForOfStatement[await=true]'(node) {
        const type = services.getTypeAtLocation(node.right)
        if (type.getProperty('writableNeedsDrain') !== undefined) context.report({ node, messageId: 'iterated' })
      }
    }
  }
}
