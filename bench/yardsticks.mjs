// What GPUs are said to reach: dense bf16 products with float32 sums, and memory traffic. NVIDIA's data sheets (H100 and H200
// SXM, A100 80 GB SXM, L40S) and architecture white papers (Ada GPU Architecture, RTX Blackwell GPU Architecture).
const YARDSTICKS = [
  { name: /H200/, flops: 989e12, bytes: 4.8e12 },
  { name: /H100.*PCIe/i, flops: 756e12, bytes: 2.0e12 },
  { name: /H100/, flops: 989e12, bytes: 3.35e12 },
  { name: /A100/, flops: 312e12, bytes: 2.039e12 },
  { name: /L40S/, flops: 362e12, bytes: 0.864e12 },
  { name: /RTX 4090/, flops: 165.2e12, bytes: 1.008e12 },
  { name: /RTX 5090/, flops: 209.5e12, bytes: 1.792e12 },
];

/** {flops, bytes} a second of the GPU with this name; undefined when it is not known here. */
export const yardstickOf = (device) => YARDSTICKS.find(({ name }) => name.test(device ?? ""));
