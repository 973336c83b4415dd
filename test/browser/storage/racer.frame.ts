/** The racer as a page in a frame: starts when loaded, also when loaded again, with the task in the window's name. */
import { runRacer } from './racer.ts';

const [name = '', appends = '0'] = window.name.split(' ');

void runRacer({ name, appends: Number(appends) }, (told) => window.parent.postMessage({ racer: name, told }, '*'));
