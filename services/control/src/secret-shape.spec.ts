import { describe, expect, it } from 'vitest';
import { looksLikeSecret } from './secret-shape.ts';

describe('looksLikeSecret', () => {
  it.each(['sk-abc', 'gsk_x', 'AIzaSyA', 'xai-1', 'hf_a', 'Bearer x', 'a1b2c3d4e5f6g7h8', 'f'.repeat(32)])('takes %s for a key', (text) => {
    expect(looksLikeSecret(text)).toBe(true);
  });

  it.each(['none', 'EMPTY', 'ollama', 'local-server', 'not-a-real-credential'])('takes %s for a word', (text) => {
    expect(looksLikeSecret(text)).toBe(false);
  });
});
