/** Imported before anything that defines a schema: the page's content security policy allows no code from strings. */
import * as z from 'zod';

z.config({ jitless: true });
