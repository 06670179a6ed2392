const { createExpressServer } = require('../express-app.cjs');
const { serve } = require('../serve.cjs');

serve(createExpressServer());
