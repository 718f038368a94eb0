import { vi } from "vitest";

// Test files share a process and the packages in it, but neither our modules' state nor their helpers' hooks.
vi.resetModules();
