// Peak rates of GPUs: dense bf16 GEMM with float32 sums, and memory traffic. Sources: NVIDIA's data sheets (H100 and H200
// SXM, A100 80 GB SXM, L40S) and architecture white papers (Ada GPU Architecture, RTX Blackwell GPU Architecture).
const PEAK_RATES = [
  { name: /H200/, flops: 989e12, bytes: 4.8e12 },
  { name: /H100.*PCIe/i, flops: 756e12, bytes: 2.0e12 },
  { name: /H100/, flops: 989e12, bytes: 3.35e12 },
  { name: /A100/, flops: 312e12, bytes: 2.039e12 },
  { name: /L40S/, flops: 362e12, bytes: 0.864e12 },
  { name: /RTX 4090/, flops: 165.2e12, bytes: 1.008e12 },
  { name: /RTX 5090/, flops: 209.5e12, bytes: 1.792e12 },
];

/** {flops, bytes} per second of the GPU with this name; undefined for an unknown one. */
export const peakRatesOf = (device) => PEAK_RATES.find(({ name }) => name.test(device ?? ""));
