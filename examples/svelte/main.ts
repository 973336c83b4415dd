import { mount } from 'svelte';
import { Diary, openDiary } from '../diary.ts';
import WeightDiary from './WeightDiary.svelte';

const store = await openDiary();
const target = document.querySelector('#app') ?? document.body;
mount(WeightDiary, { target, context: new Map([['diary', store.aggregate(Diary, 'weights')]]) });
