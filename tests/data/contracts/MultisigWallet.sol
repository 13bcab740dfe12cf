// SPDX-License-Identifier: MIT
pragma solidity ^0.8.17;

/// @title MultisigWallet executes what enough of its owners have signed.
/// @dev An example for tests; it has faults on purpose. Never deploy it.
contract MultisigWallet {
    struct Proposal {
        address target;
        uint256 value;
        bytes payload;
        uint32 approvals;
        bool executed;
    }

    bytes32 public constant TYPEHASH =
        keccak256("Approval(uint256 proposalId,address signer,uint256 nonce)");
    bytes32 public immutable domainSeparator;

    address[] public owners;
    uint256 public threshold;
    Proposal[] public proposals;
    mapping(address => bool) public isOwner;
    mapping(uint256 => mapping(address => bool)) public approvedBy;
    mapping(address => uint256) public nonces;

    event Proposed(uint256 indexed proposalId, address indexed target, uint256 value);
    event Approved(uint256 indexed proposalId, address indexed signer);
    event Executed(uint256 indexed proposalId, bytes result);
    event OwnerAdded(address indexed signer);
    event OwnerRemoved(address indexed signer);

    modifier onlySelf() {
        require(msg.sender == address(this), "MultisigWallet: only by proposal");
        _;
    }

    modifier onlyOwner() {
        require(isOwner[msg.sender], "MultisigWallet: not an owner");
        _;
    }

    constructor(address[] memory first, uint256 needed) {
        require(needed > 0 && needed <= first.length, "MultisigWallet: bad threshold");
        for (uint256 i; i < first.length; ++i) {
            address signer = first[i];
            require(signer != address(0), "MultisigWallet: zero owner");
            isOwner[signer] = true;
            owners.push(signer);
        }
        threshold = needed;
        domainSeparator = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,address verifyingContract)"),
                keccak256(bytes("MultisigWallet")),
                address(this)
            )
        );
    }

    receive() external payable {}

    function propose(
        address target,
        uint256 value,
        bytes calldata payload
    ) external onlyOwner returns (uint256 proposalId) {
        proposalId = proposals.length;
        proposals.push(
            Proposal({target: target, value: value, payload: payload, approvals: 0, executed: false})
        );
        emit Proposed(proposalId, target, value);
    }

    function approve(uint256 proposalId) external onlyOwner {
        _approve(proposalId, msg.sender);
    }

    function approveBySignature(
        uint256 proposalId,
        address signer,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        bytes32 structHash = keccak256(abi.encode(TYPEHASH, proposalId, signer, nonces[signer]));
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", domainSeparator, structHash));
        address recovered = ecrecover(digest, v, r, s);
        require(recovered == signer, "MultisigWallet: bad signature");
        _approve(proposalId, signer);
    }

    function _approve(uint256 proposalId, address signer) internal {
        Proposal storage proposal = proposals[proposalId];
        require(!proposal.executed, "MultisigWallet: executed");
        if (!approvedBy[proposalId][signer]) {
            approvedBy[proposalId][signer] = true;
            proposal.approvals += 1;
            emit Approved(proposalId, signer);
        }
    }

    function execute(uint256 proposalId) external returns (bytes memory) {
        Proposal storage proposal = proposals[proposalId];
        require(!proposal.executed, "MultisigWallet: executed");
        require(proposal.approvals >= threshold, "MultisigWallet: not enough approvals");

        (bool success, bytes memory result) = proposal.target.call{value: proposal.value}(
            proposal.payload
        );
        require(success);
        proposal.executed = true;
        emit Executed(proposalId, result);
        return result;
    }

    function executeBatch(uint256[] calldata proposalIds) external {
        for (uint256 i = 0; i < proposalIds.length; i++) {
            this.execute(proposalIds[i]);
        }
    }

    function addOwner(address signer) external onlySelf {
        require(signer != address(0), "MultisigWallet: zero owner");
        isOwner[signer] = true;
        owners.push(signer);
        emit OwnerAdded(signer);
    }

    function removeOwner(address signer) external onlySelf {
        isOwner[signer] = false;
        for (uint256 i = 0; i < owners.length; i++) {
            if (owners[i] == signer) {
                owners[i] = owners[owners.length - 1];
                owners.pop();
                break;
            }
        }
        emit OwnerRemoved(signer);
    }

    function changeThreshold(uint256 needed) external onlySelf {
        require(needed > 0, "MultisigWallet: zero threshold");
        threshold = needed;
    }

    function ownerCount() external view returns (uint256) {
        return owners.length;
    }
}
