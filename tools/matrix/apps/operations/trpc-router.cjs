const { initTRPC, TRPCError } = require('@trpc/server');

const { procedure, router } = initTRPC.create();

exports.appRouter = router({
  user: router({ byId: procedure.query(() => 'ok') }),
  order: router({ create: procedure.mutation(() => 'ok') }),
  failing: procedure.query(() => {
    throw new TRPCError({ code: 'CONFLICT' });
  }),
});
