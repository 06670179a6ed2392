import './style.css';
import { text } from './text.js';

document.body.append(text);
