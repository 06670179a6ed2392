import { createPlainServer } from './plain-server.mjs';
import { serve } from './serve.cjs';

serve(createPlainServer());
