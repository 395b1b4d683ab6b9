#include "textflag.h"

// func self() unsafe.Pointer
TEXT ·self(SB), NOSPLIT, $0-8
	MOVQ R14, ret+0(FP)
	RET

// func sp() uintptr
TEXT ·sp(SB), NOSPLIT|NOFRAME, $0-8
	LEAQ 8(SP), AX
	MOVQ AX, ret+0(FP)
	RET
